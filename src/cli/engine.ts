import { join } from 'node:path';
import { Option } from 'commander';
import type { Logger } from '../base/logger.ts';
import type { EngineSettings } from '../config/groups.ts';
import { fastestEngine, firstEngine } from '../engine/choice.ts';
import type { Engine, EngineOptions } from '../engine/engine.ts';
import { ENGINE_NAMES, type EngineName, engineNamed } from '../engine/engines.ts';

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

/** `--engine` of commands that run a model themselves. */
export function engineOption(what = 'what computes'): Option {
  return new Option('--engine <name>', `${what}; default: the first that loads`).choices(ENGINE_NAMES);
}

/**
 * The engine of a command that ends soon, started: the named one, or the first that loads. Throws
 * ISO_ERR_ENGINE_UNAVAILABLE.
 */
export async function commandEngine(name: string | undefined, options: EngineOptions = {}): Promise<Engine> {
  if (name === undefined) return firstEngine(options);
  const engine = engineNamed(name as EngineName, options);
  await engine.start();
  return engine;
}
