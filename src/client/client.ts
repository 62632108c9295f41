import { randomUUID } from 'node:crypto';
import { IsobathError } from '../base/errors.ts';
import type { Service } from '../base/service.ts';
import type { MeasuredFleet } from '../estimator/measured.ts';
import type { Bus } from '../transport/bus.ts';
import type { InferOptions } from '../wire/messages/inference.ts';
import type { ModelInfo } from '../wire/messages/status.ts';
import { Topics } from '../wire/topics.ts';
import { type CalibrationOptions, requestCalibration } from './calibration.ts';
import type { InferencePayload, InferenceReply } from './inference.ts';
import { MasterWatch } from './master-watch.ts';
import { requestFrames } from './request-frames.ts';
import { ResultCollector } from './result-collector.ts';

export interface ClientOptions {
  /** The client starts and stops it. */
  readonly bus: Bus;
  readonly cluster: string;
  /** How errors name the broker. */
  readonly url?: string;
  /** Until a request without an answer has failed. Default 60000 ms. */
  readonly timeoutMs?: number;
  /** A running master is known after so long at most: its status is a retained message. Default 2000 ms. */
  readonly discoverMs?: number;
  readonly chunkBytes?: number;
}

/** Sends inference requests to the master of a cluster. */
export class IsobathClient implements Service {
  readonly #options: ClientOptions;
  readonly #topics: Topics;
  readonly #watch: MasterWatch;

  constructor(options: ClientOptions) {
    const { bus, cluster, url = 'the broker', discoverMs = 2000 } = options;
    this.#options = options;
    this.#topics = new Topics(cluster);
    this.#watch = new MasterWatch({ bus, topics: this.#topics, url, discoverMs });
  }

  /** Rejects as `Bus.start` does. */
  async start(): Promise<void> {
    await this.#options.bus.start();
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    await this.#watch.stop();
    await this.#options.bus.stop();
  }

  /** What the master serves. Throws ISO_ERR_MASTER_UNREACHABLE. */
  models(): Promise<ModelInfo[]> {
    return this.#watch.models();
  }

  /**
   * Throws ISO_ERR_MASTER_UNREACHABLE and ISO_ERR_MODEL_NOT_SERVED at once, ISO_ERR_REQUEST_TIMEOUT,
   * ISO_ERR_MASTER_STOPPED when the master goes away meanwhile, and what the master answers.
   */
  async infer(
    model: string,
    payload: InferencePayload,
    options: InferOptions & { readonly timeoutMs?: number } = {},
  ): Promise<InferenceReply> {
    const { bus, chunkBytes, timeoutMs: usualMs = 60_000 } = this.#options;
    const { timeoutMs = usualMs, ...wanted } = options;
    const status = await this.#watch.online();
    if (!status.models.includes(model)) {
      const served = status.models.join(', ') || 'none';
      throw IsobathError.of('ISO_ERR_MODEL_NOT_SERVED', { model, served });
    }
    const request = randomUUID();
    const topic = this.#topics.result(model, request);
    const collector = new ResultCollector(topic);
    const undo: (() => unknown)[] = [];
    try {
      undo.push(await bus.subscribe(topic, (_, payload) => collector.add(payload), { qos: 1 }));
      const stopped = () => collector.reject(IsobathError.of('ISO_ERR_MASTER_STOPPED', { request }));
      undo.push(this.#watch.onOffline(stopped));
      const seconds = Math.ceil(timeoutMs / 1000);
      const late = () => collector.reject(IsobathError.of('ISO_ERR_REQUEST_TIMEOUT', { request, seconds }));
      const timer = setTimeout(late, timeoutMs);
      undo.push(() => clearTimeout(timer));
      // Sending may hang on a lost connection; the time limit holds for it, too.
      const sent = this.#send(this.#topics.infer(model, request), requestFrames(payload, wanted, chunkBytes));
      sent.catch((error: unknown) => collector.reject(error));
      return await collector.reply;
    } finally {
      for (const step of undo.reverse()) void step();
    }
  }

  /** Has the master measure the cluster. Throws as `infer` does. */
  async calibrate(options: CalibrationOptions = {}): Promise<MeasuredFleet> {
    await this.#watch.online();
    return requestCalibration({ bus: this.#options.bus, topics: this.#topics, watch: this.#watch }, options);
  }

  async #send(topic: string, frames: Iterable<Uint8Array>): Promise<void> {
    for (const frame of frames) await this.#options.bus.publish(topic, frame, { qos: 1 });
  }
}
