import { join } from 'node:path';
import { nextEpoch } from '../base/epoch.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { PROGRAM_VERSION } from '../base/version.ts';
import type { Engine } from '../engine/engine.ts';
import type { Bus, Will } from '../transport/bus.ts';
import { decodeFrame, decodeJson, decodeMessage, encodeJson, encodeMessage } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { CONTROL, type Control, type Deploy } from '../wire/messages/control.ts';
import type { Reply } from '../wire/messages/reply.ts';
import { SHARD_CHUNK } from '../wire/messages/shard-chunk.ts';
import { AGENT_STATUS, type AgentStatus, type Presence } from '../wire/messages/status.ts';
import { Topics } from '../wire/topics.ts';
import { BlobCache } from './blob-cache.ts';
import { BlobFetcher } from './blob-fetcher.ts';
import { type Deployment, makeResident } from './deployments.ts';
import { profileOf } from './profile.ts';
import { ResidentPrograms } from './resident-programs.ts';
import { ShardInbox } from './shard-inbox.ts';
import { ShardRunner } from './shard-runner.ts';

export interface AgentOptions {
  readonly name: string;
  readonly cluster: string;
  /** Makes the agent's connection; the broker publishes `will` when it breaks. */
  readonly connect: (will: Will) => Bus;
  readonly engine: Engine;
  readonly logger: Logger;
  /** Holds the program cache and the epoch. */
  readonly directory: string;
  readonly cacheBytes?: number;
  /** Relative compute capacity. Default 1. */
  readonly weight?: number;
  readonly maxQueue?: number;
  readonly chunkBytes?: number;
  /** Called when the agent cannot go on, for instance because another one has its name. */
  readonly onFatal?: (error: IsobathError) => void;
}

/** A deployment with the subscriptions that feed it. */
interface Served {
  readonly deployment: Deployment;
  readonly unsubscribe: readonly (() => Promise<void>)[];
}

/** Keeps programs, runs shards, reports. One process each. */
export class Agent implements Service {
  readonly #options: AgentOptions;
  readonly #topics: Topics;
  readonly #served = new Map<string, Served>();
  #running: Running | undefined;
  /** Control messages are carried out one after another. */
  #control: Promise<void> = Promise.resolve();

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#topics = new Topics(options.cluster);
  }

  async start(): Promise<void> {
    const { name, connect, engine, directory, cacheBytes, logger, maxQueue, chunkBytes } = this.#options;
    const topics = this.#topics;
    const cache = new BlobCache({
      directory: join(directory, 'blobs'),
      ...(cacheBytes === undefined ? {} : { maxBytes: cacheBytes }),
    });
    await cache.open();
    const epoch = await nextEpoch(join(directory, 'epoch'));
    await engine.start();
    const will = { topic: topics.agentStatus(name), payload: encodeJson(this.#status('offline', epoch)) };
    const bus = connect({ ...will, qos: 1, retain: true });
    await bus.start();
    const fetcher = new BlobFetcher({ bus, topics, agent: name, cache });
    const programs = new ResidentPrograms({ engine, cache, fetcher });
    const limits = { ...(maxQueue ? { maxQueue } : {}), ...(chunkBytes ? { chunkBytes } : {}) };
    const runner = new ShardRunner({ bus, topics, agent: name, logger, ...limits });
    this.#running = { bus, epoch, fetcher, programs, runner };
    await fetcher.start();
    await bus.subscribe(topics.control(name), (topic, payload) => this.#onControl(topic, payload), {
      qos: 1,
    });
    await bus.subscribe(topics.agentStatus(name), (topic, payload) => this.#onOwnStatus(topic, payload), {
      qos: 1,
    });
    bus.onState((state) => {
      if (state === 'online') void this.#announce().catch(() => undefined);
    });
    await this.#announce();
    logger.info({ agent: name, engine: engine.name, version: engine.version }, 'The agent is ready.');
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    const { name, engine } = this.#options;
    // A message to a broker that is away would wait for it; the broker has published the will.
    if (running.bus.state === 'offline') await running.bus.stop();
    const offline = encodeJson(this.#status('offline', running.epoch));
    await running.bus
      .publish(this.#topics.agentStatus(name), offline, { qos: 1, retain: true })
      .catch(() => undefined);
    await this.#control;
    await running.runner.drain();
    await running.bus.stop();
    await engine.stop();
    this.#served.clear();
  }

  #status(state: Presence, epoch: number): AgentStatus {
    return { v: VERSION, state, epoch, version: PROGRAM_VERSION, engine: this.#options.engine.name };
  }

  /** Profile first: who sees the agent online finds its profile. */
  async #announce(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    const { name, engine, weight = 1 } = this.#options;
    const { bus, fetcher, programs, epoch } = running;
    const held = { filterBytesReceived: fetcher.receivedBytes, programs: programs.count };
    const profile = encodeJson(profileOf(name, engine, weight, held));
    await bus.publish(this.#topics.agentProfile(name), profile, { qos: 1, retain: true });
    const status = encodeJson(this.#status('online', epoch));
    await bus.publish(this.#topics.agentStatus(name), status, { qos: 1, retain: true });
  }

  /** A late will of an earlier run is put right; a later run of the same name has taken this agent's place. */
  #onOwnStatus(topic: string, payload: Uint8Array): void {
    const running = this.#running;
    if (!running || payload.length === 0) return;
    const seen = decodeJson(AGENT_STATUS, topic, payload);
    if (seen.epoch > running.epoch && seen.state === 'online') {
      this.#options.onFatal?.(IsobathError.of('ISO_ERR_AGENT_DUPLICATE', { agent: this.#options.name }));
    } else if (seen.state === 'offline') {
      void this.#announce().catch(() => undefined);
    }
  }

  #onControl(topic: string, payload: Uint8Array): void {
    const message = decodeMessage(CONTROL, topic, payload);
    if (message.type === 'ping') void this.#reply({ v: VERSION, type: 'pong', replyId: message.replyId });
    else this.#control = this.#control.then(() => this.#carryOut(message));
  }

  async #carryOut(message: Exclude<Control, { type: 'ping' }>): Promise<void> {
    if (!this.#running) return;
    const { deployment } = message;
    if (message.type === 'undeploy') return this.#undeploy(deployment);
    try {
      const fetched = await this.#deploy(message);
      await this.#reply({ v: VERSION, type: 'deployed', replyId: message.replyId, deployment, ...fetched });
      await this.#announce();
    } catch (cause) {
      const error = IsobathError.from(cause);
      this.#options.logger.error({ code: error.code, deployment }, error.message);
      const failed = { type: 'failed', replyId: message.replyId, deployment, error: error.toJSON() } as const;
      await this.#reply({ v: VERSION, ...failed });
    }
  }

  async #deploy({ deployment: id, programs: specs }: Deploy) {
    const { bus, programs, runner } = this.#running!;
    const { name } = this.#options;
    const topics = this.#topics;
    const { deployment, fetched } = await makeResident(programs, id, specs);
    await this.#undeploy(id);
    const inbox = new ShardInbox(deployment, (job) => runner.accept(job));
    const onChunk = (topic: string, payload: Uint8Array) => {
      const { header, bytes } = decodeFrame(SHARD_CHUNK, topic, payload);
      inbox.add(topic, header, bytes);
    };
    const feeds = [
      topics.ifm(id, name),
      ...deployment.sharedStages.map((stage) => topics.sharedIfm(id, stage)),
    ];
    const unsubscribe = await Promise.all(feeds.map((topic) => bus.subscribe(topic, onChunk)));
    this.#served.set(id, { deployment, unsubscribe });
    return fetched;
  }

  async #undeploy(id: string): Promise<void> {
    const served = this.#served.get(id);
    if (!served) return;
    this.#served.delete(id);
    await Promise.allSettled(served.unsubscribe.map((unsubscribe) => unsubscribe()));
    for (const { spec } of served.deployment.shards)
      await this.#running?.programs.release(spec.program.sha256);
  }

  async #reply(reply: Reply): Promise<void> {
    const topic = this.#topics.reply(this.#options.name);
    await this.#running?.bus.publish(topic, encodeMessage(reply), { qos: 1 }).catch(() => undefined);
  }
}

/** What exists between start and stop. */
interface Running {
  readonly bus: Bus;
  readonly epoch: number;
  readonly fetcher: BlobFetcher;
  readonly programs: ResidentPrograms;
  readonly runner: ShardRunner;
}
