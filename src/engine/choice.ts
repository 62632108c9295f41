import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import { dirname } from 'node:path';
import { IsobathError, reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { ENGINE_NAMES, type EngineName, engineNamed } from './engines.ts';
import { survey } from './survey.ts';

export interface ChoiceOptions extends EngineOptions {
  readonly logger: Logger;
  /** Keeps what was measured between starts. Left out: nothing does. */
  readonly file?: string;
  /** For tests: how an engine is measured. */
  readonly survey?: typeof survey;
}

const PACKAGES: Readonly<Record<EngineName, string>> = {
  onnxruntime: 'onnxruntime-node',
  'tfjs-node': '@tensorflow/tfjs-node',
  'tfjs-wasm': '@tensorflow/tfjs-backend-wasm',
};

/**
 * The fastest engine that loads here, started. Each is measured once for each version of it, of Node, processor and number
 * of threads; one that did not load is tried again at the next start. Throws ISO_ERR_ENGINE_UNAVAILABLE where none loads.
 */
export async function fastestEngine(options: ChoiceOptions): Promise<Engine> {
  const { logger, file, survey: measure = survey, ...engineOptions } = options;
  const known = await read(file, logger);
  const speeds = new Map<EngineName, number>();
  const reasons: string[] = [];
  const kept: Record<string, number> = {};
  for (const name of ENGINE_NAMES) {
    const key = keyOf(name, engineOptions);
    let gflops = known[key];
    if (gflops === undefined) {
      const found = await measure(name, engineOptions);
      if (!found.loads) {
        reasons.push(found.reason);
        logger.debug({ engine: name }, found.reason);
        continue;
      }
      gflops = found.gflops;
    }
    kept[key] = gflops;
    speeds.set(name, gflops);
  }
  if (file !== undefined && Object.keys(kept).some((key) => !(key in known))) await write(file, kept, logger);
  for (const [name, gflops] of [...speeds].sort(([, a], [, b]) => b - a)) {
    const engine = engineNamed(name, engineOptions);
    try {
      await engine.start();
      logger.debug({ engine: name, gflops: Math.round(gflops) }, 'The fastest engine here is taken.');
      return engine;
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  throw IsobathError.of('ISO_ERR_ENGINE_UNAVAILABLE', { engine: 'auto', reason: reasons.join(' ') });
}

/** The first engine in the order of the table that loads, started: for commands that end soon. */
export async function firstEngine(options: EngineOptions = {}): Promise<Engine> {
  const errors: unknown[] = [];
  for (const name of ENGINE_NAMES) {
    const engine = engineNamed(name, options);
    try {
      await engine.start();
      return engine;
    } catch (error) {
      errors.push(error);
    }
  }
  throw errors[0];
}

function keyOf(name: EngineName, { threads = availableParallelism() }: EngineOptions): string {
  const model = cpus()[0]?.model ?? process.arch;
  return `${name} ${packageVersion(name)}, node ${process.versions.node}, ${model}, ${threads} threads`;
}

function packageVersion(name: EngineName): string {
  try {
    return createRequire(import.meta.url)(`${PACKAGES[name]}/package.json`).version;
  } catch {
    return 'absent';
  }
}

async function read(file: string | undefined, logger: Logger): Promise<Readonly<Record<string, number>>> {
  if (file === undefined) return {};
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    const entries = Object.entries(content as object).filter(
      ([, gflops]) => Number.isFinite(gflops) && gflops > 0,
    );
    return Object.fromEntries(entries) as Record<string, number>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      logger.warn({ file, reason: reasonOf(error) }, 'The stored speeds of the engines are not used.');
    }
    return {};
  }
}

async function write(file: string, speeds: Readonly<Record<string, number>>, logger: Logger): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.part`, JSON.stringify(speeds, null, 1));
    await rename(`${file}.part`, file);
  } catch (error) {
    logger.warn({ file, reason: reasonOf(error) }, 'The speeds of the engines cannot be kept.');
  }
}
