import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Emitter } from '../base/emitter.ts';
import { nextEpoch } from '../base/epoch.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { PROGRAM_VERSION } from '../base/version.ts';
import type { Engine } from '../engine/engine.ts';
import type { DeadlineOptions } from '../planner/deadlines.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Bus, Will } from '../transport/bus.ts';
import { encodeJson } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { MasterStatus, ModelInfo, Presence } from '../wire/messages/status.ts';
import { Topics } from '../wire/topics.ts';
import { BlobServer } from './blob-server.ts';
import type { Deployment } from './deployment.ts';
import { Fleet } from './fleet.ts';
import type { InferenceResult } from './inference.ts';
import { ModelService, type ServedModel } from './model-service.ts';
import type { RequestQueueOptions } from './request-queue.ts';
import { RequestService } from './request-service.ts';

export interface MasterOptions {
  readonly cluster: string;
  /** Makes the master's connection; the broker publishes `will` when it breaks. */
  readonly connect: (will: Will) => Bus;
  readonly engine: Engine;
  readonly logger: Logger;
  /** Holds the epoch. */
  readonly directory: string;
  readonly models: readonly ServedModel[];
  readonly standby?: number;
  readonly chunkBytes?: number;
  readonly deadlines?: DeadlineOptions;
  readonly deployTimeoutMs?: number;
  readonly settleMs?: number;
  readonly requests?: RequestQueueOptions;
}

type MasterEvents = {
  deployed: { readonly model: string; readonly deployment: Deployment };
  /** A deployment failed; it is tried again. */
  failed: { readonly model: string; readonly error: IsobathError };
};

/** Keeps the fleet, deploys models, runs inferences. */
export class Master extends Emitter<MasterEvents> implements Service {
  readonly #options: MasterOptions;
  readonly #topics: Topics;
  readonly #models = new Map<string, ModelService>();
  #bus: Bus | undefined;
  #fleet: Fleet | undefined;
  #blobs: BlobServer | undefined;
  #requests: RequestService | undefined;
  #epoch = 0;

  constructor(options: MasterOptions) {
    super();
    this.#options = options;
    this.#topics = new Topics(options.cluster);
  }

  /** Names of the agents that may get work now. */
  get agents(): string[] {
    return this.#fleet?.members.map(({ id }) => id) ?? [];
  }

  /** Bytes of programs and filters sent to agents since the start. */
  get sentBytes(): number {
    return this.#blobs?.sentBytes ?? 0;
  }

  deployment(model: string): Deployment | undefined {
    return this.#models.get(model)?.deployment;
  }

  async start(): Promise<void> {
    const { connect, engine, logger, directory, models, requests, ...rest } = this.#options;
    const topics = this.#topics;
    await engine.start();
    await mkdir(directory, { recursive: true });
    this.#epoch = await nextEpoch(join(directory, 'epoch'));
    const will = { topic: topics.masterStatus(), payload: encodeJson(this.#status('offline')) };
    const bus = connect({ ...will, qos: 1, retain: true });
    this.#bus = bus;
    await bus.start();
    this.#blobs = new BlobServer({ bus, topics, logger });
    this.#fleet = new Fleet({ bus, topics, logger });
    await this.#blobs.start();
    await this.#fleet.start();
    for (const model of models) {
      const shared = { ...rest, bus, topics, fleet: this.#fleet, blobs: this.#blobs, engine, logger };
      const service = new ModelService({ ...shared, model });
      service.on('deployed', (event) => this.emit('deployed', event));
      service.on('failed', (event) => this.emit('failed', event));
      this.#models.set(model.name, service);
      await service.start();
    }
    const { chunkBytes } = rest;
    const limits = { ...requests, ...(chunkBytes === undefined ? {} : { chunkBytes }) };
    this.#requests = new RequestService({ bus, topics, logger, models: this.#models, ...limits });
    await this.#requests.start();
    bus.onState((state) => {
      if (state === 'online') void this.#announce().catch(() => undefined);
    });
    await this.#announce();
    logger.info({ cluster: topics.cluster, models: [...this.#models.keys()] }, 'The master is ready.');
  }

  async stop(): Promise<void> {
    const bus = this.#bus;
    if (!bus) return;
    // Messages to a broker that is away would wait for it.
    if (bus.state === 'offline') await bus.stop();
    await this.#requests?.stop();
    await Promise.allSettled([...this.#models.values()].map((service) => service.stop()));
    this.#models.clear();
    await this.#fleet?.stop();
    await this.#blobs?.stop();
    const offline = encodeJson(this.#status('offline'));
    await bus.publish(this.#topics.masterStatus(), offline, { qos: 1, retain: true }).catch(() => undefined);
    await bus.stop();
    await this.#options.engine.stop();
    this.#bus = undefined;
  }

  /** Runs one inference without going through MQTT requests. Throws ISO_ERR_MODEL_NOT_SERVED. */
  async infer(model: string, request: string, inputs: ReadonlyMap<string, Tensor>): Promise<InferenceResult> {
    const service = this.#models.get(model);
    const served = [...this.#models.keys()].join(', ') || 'none';
    if (!service) throw IsobathError.of('ISO_ERR_MODEL_NOT_SERVED', { model, served });
    return service.infer(request, inputs);
  }

  #status(state: Presence): MasterStatus {
    const models = this.#options.models.map(({ name }) => name);
    return { v: VERSION, state, epoch: this.#epoch, version: PROGRAM_VERSION, models };
  }

  async #announce(): Promise<void> {
    const retained = { qos: 1, retain: true } as const;
    for (const model of this.#options.models) {
      await this.#bus?.publish(this.#topics.modelInfo(model.name), encodeJson(infoOf(model)), retained);
    }
    await this.#bus?.publish(this.#topics.masterStatus(), encodeJson(this.#status('online')), retained);
  }
}

function infoOf({ name, graph, manifest }: ServedModel): ModelInfo {
  const named = (tensors: readonly string[]) =>
    tensors.map((tensor) => {
      const { dtype, shape } = graph.types.get(tensor)!;
      return { name: tensor, dtype, shape };
    });
  const labels = manifest?.labels.length ? { labels: manifest.labels.length } : {};
  const pictures = manifest !== undefined;
  return {
    v: VERSION,
    model: name,
    inputs: named(graph.inputs),
    outputs: named(graph.outputs),
    pictures,
    ...labels,
  };
}
