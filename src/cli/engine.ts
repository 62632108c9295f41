import { join } from 'node:path';
import type { Logger } from '../base/logger.ts';
import type { EngineSettings } from '../config/groups.ts';
import { fastestEngine } from '../engine/choice.ts';
import type { Engine } from '../engine/engine.ts';
import { type EngineName, engineNamed } from '../engine/engines.ts';

/** The engine of a service, as its settings say. What was measured for `auto` is kept in the service's `directory`. */
export async function engineOf(
  { name, threads }: EngineSettings,
  directory: string,
  logger: Logger,
): Promise<Engine> {
  const options = threads > 0 ? { threads } : {};
  if (name !== 'auto') return engineNamed(name as EngineName, options);
  return fastestEngine({ ...options, logger, file: join(directory, 'engines.json') });
}
