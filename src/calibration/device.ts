import { readFile, rename, writeFile } from 'node:fs/promises';
import { reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { type BenchmarkOptions, benchmark } from '../engine/benchmark.ts';
import type { Engine } from '../engine/engine.ts';
import type { MeasuredCompute } from '../estimator/measured.ts';
import { median } from '../estimator/statistics.ts';
import type { Bus } from '../transport/bus.ts';
import { computeProfile } from '../wire/messages/compute-profile.ts';
import { MessageLoop } from './message-loop.ts';

export interface DeviceCalibrationOptions {
  /** Started. */
  readonly engine: Engine;
  /** Keeps the profile between starts. Left out: nothing does. */
  readonly file?: string;
  readonly logger: Logger;
  readonly benchmark?: BenchmarkOptions;
}

/** Raised when probes change so that old figures mean something else. */
const PROBES = 1;

/** How fast this device computes: measured once for each version of its engine, and when somebody asks. */
export class DeviceCalibration {
  readonly #options: DeviceCalibrationOptions;

  constructor(options: DeviceCalibrationOptions) {
    this.#options = options;
  }

  /** What was measured before, with the same engine. */
  async stored(): Promise<MeasuredCompute | undefined> {
    const { file, logger } = this.#options;
    if (file === undefined) return undefined;
    try {
      const { key, profile } = JSON.parse(await readFile(file, 'utf8'));
      return key === this.#key() ? computeProfile(profile, 'profile') : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        logger.warn({ file, reason: reasonOf(error) }, 'The stored calibration is not used.');
      }
      return undefined;
    }
  }

  /**
   * Measures and keeps the result. `topic` is one on which this party alone speaks to itself. Shards that run meanwhile
   * go on: the engine takes turns. Throws what the engine throws.
   */
  async measure(bus?: Bus, topic?: string): Promise<MeasuredCompute> {
    const { engine, file, logger } = this.#options;
    const compute = await benchmark(engine, this.#options.benchmark);
    const perMessage = bus && topic ? await messageSeconds(bus, topic).catch(() => undefined) : undefined;
    const profile = { ...compute, ...(perMessage ? { secondsPerMessage: perMessage } : {}) };
    logger.info({ tookMs: Math.round(profile.measured?.tookMs ?? 0) }, 'The device is calibrated.');
    if (file !== undefined) await this.#store(file, profile);
    return profile;
  }

  async #store(file: string, profile: MeasuredCompute): Promise<void> {
    try {
      await writeFile(`${file}.part`, JSON.stringify({ key: this.#key(), profile }));
      await rename(`${file}.part`, file);
    } catch (error) {
      this.#options.logger.warn({ file, reason: reasonOf(error) }, 'The calibration cannot be kept.');
    }
  }

  #key(): string {
    const { name, version, threads } = this.#options.engine;
    return `${name} ${version}, ${threads} threads, probes ${PROBES}`;
  }
}

async function messageSeconds(bus: Bus, topic: string): Promise<number | undefined> {
  const loop = new MessageLoop(bus, topic);
  try {
    await loop.start();
    const bursts = await loop.perMessage();
    return bursts.length > 0 ? median(bursts) : undefined;
  } finally {
    await loop.stop();
  }
}
