import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
export function inferCommand(_context: CliContext) {
  return command({ name: 'infer', summary: '', description: '', examples: [] });
}
