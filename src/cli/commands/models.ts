import { command } from '../command.ts';
import type { CliContext } from '../context.ts';
export function modelsCommand(_context: CliContext) {
  return command({ name: 'models', summary: '', description: '', examples: [] });
}
