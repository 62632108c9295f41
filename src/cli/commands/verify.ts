import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
export function verifyCommand(_context: CliContext) {
  return command({ name: 'verify', summary: '', description: '', examples: [] });
}
