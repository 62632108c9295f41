import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
export function inspectCommand(_context: CliContext) {
  return command({ name: 'inspect', summary: '', description: '', examples: [] });
}
