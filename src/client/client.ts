import { randomUUID } from 'node:crypto';
import { IsobathError } from '../base/errors.ts';
import type { Service } from '../base/service.ts';
import type { MeasuredFleet } from '../estimator/measured.ts';
import type { Bus } from '../transport/bus.ts';
import type { InferOptions } from '../wire/messages/inference.ts';
import type { ModelInfo } from '../wire/messages/status.ts';
import { Topics } from '../wire/topics.ts';
import { type CalibrationOptions, requestCalibration } from './calibration.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { type ExplainedModel, requestExplanation } from './explanation.ts';
import type { InferencePayload, InferenceReply } from './inference.ts';
import { type MasterView, MasterWatch } from './master-watch.ts';
import { payloadOf } from './payload.ts';
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
  /** Of requests under way. */
  readonly #open = new Set<ResultCollector>();

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

  /** Requests under way end with ISO_ERR_BUS_CLOSED. */
  async stop(): Promise<void> {
    for (const collector of this.#open) collector.reject(IsobathError.of('ISO_ERR_BUS_CLOSED', {}));
    await this.#watch.stop();
    await this.#options.bus.stop();
  }

  /** What the master serves. Throws ISO_ERR_MASTER_UNREACHABLE. */
  models(): Promise<ModelInfo[]> {
    return this.#watch.models();
  }

  /** What is known now of the master and of what it serves. */
  get view(): MasterView {
    return this.#watch.view;
  }

  /** Tells of each change of `view`. Returns a function that ends it. */
  onChanged(listener: () => void): () => void {
    return this.#watch.onChanged(listener);
  }

  /** Follows the cluster's agents and events from its `start` to its `stop`. */
  watch(): ClusterWatch {
    return new ClusterWatch(this.#options.bus, this.#topics);
  }

  /**
   * The plan of a model as it runs now. Throws ISO_ERR_MASTER_UNREACHABLE, ISO_ERR_MODEL_NOT_SERVED, ISO_ERR_REQUEST_TIMEOUT,
   * ISO_ERR_MASTER_STOPPED.
   */
  async explain(model: string, timeoutMs = this.#options.timeoutMs ?? 60_000): Promise<ExplainedModel> {
    await this.#served(model);
    const { bus } = this.#options;
    return requestExplanation({ bus, topics: this.#topics, watch: this.#watch }, model, timeoutMs);
  }

  /** What `given` is as a request to the model; throws as `payloadOf` and `explain` do. */
  async payload(model: string, given: unknown): Promise<InferencePayload> {
    await this.#served(model);
    const info = (await this.models()).find((one) => one.model === model);
    if (!info)
      throw IsobathError.of('ISO_ERR_MODEL_NOT_SERVED', { model, served: 'it is not described yet' });
    return payloadOf(given, info);
  }

  /**
   * Throws ISO_ERR_MASTER_UNREACHABLE and ISO_ERR_MODEL_NOT_SERVED at once, ISO_ERR_REQUEST_TIMEOUT,
   * ISO_ERR_MASTER_STOPPED when the master goes away meanwhile, ISO_ERR_BUS_OFFLINE when the connection does, and what the
   * master answers.
   */
  async infer(
    model: string,
    payload: InferencePayload,
    options: InferOptions & { readonly timeoutMs?: number } = {},
  ): Promise<InferenceReply> {
    const { bus, chunkBytes, timeoutMs: usualMs = 60_000 } = this.#options;
    const { timeoutMs = usualMs, ...wanted } = options;
    await this.#served(model);
    const request = randomUUID();
    const topic = this.#topics.result(model, request);
    const collector = new ResultCollector(topic);
    this.#open.add(collector);
    const undo: (() => unknown)[] = [() => this.#open.delete(collector)];
    let ended = false;
    try {
      // the session is clean: an answer that comes while we are away is lost
      const url = this.#options.url ?? 'the broker';
      const lost = () => collector.reject(IsobathError.of('ISO_ERR_BUS_OFFLINE', { url }));
      undo.push(bus.onState((state) => state === 'offline' && lost()));
      if (bus.state === 'offline') lost();
      const stopped = () => collector.reject(IsobathError.of('ISO_ERR_MASTER_STOPPED', { request }));
      undo.push(this.#watch.onOffline(stopped));
      const seconds = timeoutMs / 1000;
      const late = () => collector.reject(IsobathError.of('ISO_ERR_REQUEST_TIMEOUT', { request, seconds }));
      const timer = setTimeout(late, timeoutMs);
      undo.push(() => clearTimeout(timer));
      // Subscribing and sending may hang on a lost connection; the time limit holds for them, too.
      const asked = async () => {
        const unsubscribe = await bus.subscribe(topic, (_, answer) => collector.add(answer), { qos: 1 });
        if (ended) return unsubscribe();
        undo.push(unsubscribe);
        await this.#send(this.#topics.infer(model, request), requestFrames(payload, wanted, chunkBytes));
      };
      asked().catch((error: unknown) => collector.reject(error));
      return await collector.reply;
    } finally {
      ended = true;
      for (const step of undo.reverse()) void step();
    }
  }

  /** Has the master measure the cluster. Throws as `infer` does. */
  async calibrate(options: CalibrationOptions = {}): Promise<MeasuredFleet> {
    await this.#watch.online();
    return requestCalibration({ bus: this.#options.bus, topics: this.#topics, watch: this.#watch }, options);
  }

  async #served(model: string): Promise<void> {
    const { models } = await this.#watch.online();
    if (models.includes(model)) return;
    throw IsobathError.of('ISO_ERR_MODEL_NOT_SERVED', { model, served: models.join(', ') || 'none' });
  }

  async #send(topic: string, frames: Iterable<Uint8Array>): Promise<void> {
    for (const frame of frames) await this.#options.bus.publish(topic, frame, { qos: 1 });
  }
}
