import { join } from 'node:path';
import { IsobathError } from '../base/errors.ts';
import { LoadMarks } from '../base/load-marks.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { PROGRAM_VERSION } from '../base/version.ts';
import { DeviceCalibration } from '../calibration/device.ts';
import { hostId } from '../calibration/host.ts';
import type { BenchmarkOptions } from '../engine/benchmark.ts';
import type { Engine } from '../engine/engine.ts';
import type { MeasuredCompute } from '../estimator/measured.ts';
import type { LegRunner } from '../exchange/leg-runner.ts';
import { Identity } from '../presence/identity.ts';
import { NameClaim } from '../presence/name-claim.ts';
import type { Bus, Will } from '../transport/bus.ts';
import { liveOnly } from '../transport/live-only.ts';
import { whileOnline } from '../transport/while-online.ts';
import { decodeFrame, decodeMessage, encodeJson, encodeMessage } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { CONTROL, type Control, type Deploy } from '../wire/messages/control.ts';
import type { Reply } from '../wire/messages/reply.ts';
import { SHARD_CHUNK } from '../wire/messages/shard-chunk.ts';
import { AGENT_STATUS, type AgentStatus, type Presence } from '../wire/messages/status.ts';
import { Topics } from '../wire/topics.ts';
import { BlobCache } from './blob-cache.ts';
import { BlobFetcher } from './blob-fetcher.ts';
import { type Deployment, makeResident, releaseAll } from './deployments.ts';
import { serveLegs } from './leg-shards.ts';
import { answerProbes } from './prober.ts';
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
  /** The most that the planner may give this agent of filters, in bytes. Default: no limit. */
  readonly filterBytesLimit?: number;
  readonly maxQueue?: number;
  readonly chunkBytes?: number;
  /** `start`: measures the device before it joins, where no earlier start did so. Default `never`: only when asked. */
  readonly calibration?: 'start' | 'never';
  readonly benchmark?: BenchmarkOptions;
  /** Parties that name the same one share its cores. Default: this machine. */
  readonly host?: string;
  /** Called when the agent cannot go on, for instance because another one has its name. */
  readonly onFatal?: (error: IsobathError) => void;
}

/** A deployment with the subscriptions that feed it. */
interface Served {
  readonly deployment: Deployment;
  /** Of its shards in legs. */
  legs?: LegRunner;
  readonly unsubscribe: (() => Promise<void>)[];
}

/** Keeps programs, runs shards, reports. One process each. */
export class Agent implements Service {
  readonly #options: AgentOptions;
  readonly #topics: Topics;
  readonly #served = new Map<string, Served>();
  #running: Running | undefined;
  #compute: MeasuredCompute | undefined;
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
    const identity = await Identity.next(join(directory, 'epoch'));
    const will = { topic: topics.agentStatus(name), payload: encodeJson(this.#status('offline', identity)) };
    const bus = connect({ ...will, qos: 1, retain: true });
    const fetcher = new BlobFetcher({ bus, topics, agent: name, cache });
    const marks = new LoadMarks(join(directory, 'loading'), () => `${engine.name} ${engine.version}`);
    await marks.open();
    const programs = new ResidentPrograms({ engine, cache, fetcher, marks });
    const limits = { ...(maxQueue ? { maxQueue } : {}), ...(chunkBytes ? { chunkBytes } : {}) };
    const runner = new ShardRunner({ bus, topics, agent: name, logger, ...limits });
    const file = join(directory, 'calibration.json');
    const { benchmark } = this.#options;
    const device = new DeviceCalibration({ engine, file, logger, ...(benchmark ? { benchmark } : {}) });
    const claim = new NameClaim({
      ...{ bus, topic: topics.agentClaim(name), identity, logger, what: `agent ${name}` },
      status: { topic: topics.agentStatus(name), kind: AGENT_STATUS },
      announce: () => this.#announce(),
      taken: (machine) => IsobathError.of('ISO_ERR_AGENT_DUPLICATE', { agent: name, machine }),
      onLost: (error) => this.#options.onFatal?.(error),
    });
    this.#running = { bus, identity, claim, fetcher, programs, marks, runner, device };
    try {
      await engine.start();
      await bus.start();
      await claim.start();
      await fetcher.start();
      await this.#knowOwnSpeed(device, bus);
      await answerProbes(bus, topics, name);
      const own = { qos: 1 } as const;
      const onControl = liveOnly(logger, (topic, payload) => this.#onControl(topic, payload));
      await bus.subscribe(topics.control(name), onControl, own);
      bus.onState((state) => {
        if (state === 'online') void this.#announce().catch(() => undefined);
      });
      await claim.serve();
    } catch (error) {
      await this.stop();
      throw error;
    }
    logger.info({ agent: name, engine: engine.name, version: engine.version }, 'The agent is ready.');
  }

  /** As an earlier start measured, or measured now; an agent that cannot be measured serves all the same. */
  async #knowOwnSpeed(device: DeviceCalibration, bus: Bus): Promise<void> {
    this.#compute = await device.stored();
    if (this.#compute || this.#options.calibration !== 'start') return;
    await this.#calibrate(device, bus).catch((cause: unknown) => {
      const error = IsobathError.from(cause);
      const text = `The device could not be calibrated: ${error.message}`;
      this.#options.logger.warn({ code: error.code }, text);
    });
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    await running.marks.close();
    const { name, engine } = this.#options;
    const { bus, fetcher, runner, claim } = running;
    const served = claim.isServing;
    const offline = encodeJson(this.#status('offline', running.identity));
    const goodbye = () => bus.publish(this.#topics.agentStatus(name), offline, { qos: 1, retain: true });
    const unclaimed = claim.stop();
    const fetches = fetcher.stop().catch(() => undefined);
    for (const { legs } of this.#served.values()) legs?.close();
    const work = Promise.all([this.#control, runner.drain(), fetches, unclaimed]);
    if (bus.state === 'online') await whileOnline(bus, Promise.all([served && goodbye(), work]));
    await bus.stop();
    await work;
    await engine.stop();
    this.#served.clear();
  }

  #status(state: Presence, { epoch, run }: Identity): AgentStatus {
    return { v: VERSION, state, epoch, run, version: PROGRAM_VERSION, engine: this.#options.engine.name };
  }

  /** Profile first: who sees the agent online finds its profile. */
  async #announce(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    const { name, engine, weight = 1, filterBytesLimit, host = hostId() } = this.#options;
    const { bus, fetcher, programs, identity } = running;
    const compute = this.#compute ? { compute: this.#compute } : {};
    const held = { filterBytesReceived: fetcher.receivedBytes, programs: programs.count, ...compute };
    const profile = encodeJson(profileOf(name, engine, { weight, filterBytesLimit, host }, held));
    await bus.publish(this.#topics.agentProfile(name), profile, { qos: 1, retain: true });
    const status = encodeJson(this.#status('online', identity));
    await bus.publish(this.#topics.agentStatus(name), status, { qos: 1, retain: true });
  }

  #onControl(topic: string, payload: Uint8Array): void {
    const message = decodeMessage(CONTROL, topic, payload);
    const running = this.#running;
    if (!running) return;
    const { run } = running.identity;
    if (message.type === 'ping')
      void this.#reply({ v: VERSION, type: 'pong', replyId: message.replyId, run });
    else this.#control = this.#control.then(() => this.#carryOut(message));
  }

  async #carryOut(message: Exclude<Control, { type: 'ping' }>): Promise<void> {
    const running = this.#running;
    if (!running) return;
    if (message.type === 'undeploy') return this.#undeploy(message.deployment);
    const deployment = message.type === 'deploy' ? { deployment: message.deployment } : {};
    try {
      if (message.type === 'calibrate') {
        const profile = await this.#calibrate(running.device, running.bus);
        await this.#reply({ v: VERSION, type: 'calibrated', replyId: message.replyId, profile });
        await this.#announce();
        return;
      }
      const fetched = await this.#deploy(message);
      const { replyId, deployment: id } = message;
      await this.#reply({ v: VERSION, type: 'deployed', replyId, deployment: id, ...fetched });
      await this.#announce();
    } catch (cause) {
      const error = IsobathError.from(cause);
      this.#options.logger.error({ code: error.code, ...deployment }, error.message);
      const failed = { type: 'failed', replyId: message.replyId, error: error.toJSON() } as const;
      await this.#reply({ v: VERSION, ...failed, ...deployment });
    }
  }

  async #calibrate(device: DeviceCalibration, bus: Bus): Promise<MeasuredCompute> {
    const compute = await device.measure(bus, this.#topics.agentLoop(this.#options.name));
    this.#compute = compute;
    return compute;
  }

  async #deploy({ deployment: id, programs: specs }: Deploy) {
    const { bus, programs, runner } = this.#running!;
    const { name, chunkBytes } = this.#options;
    const topics = this.#topics;
    const { deployment, fetched } = await makeResident(programs, id, specs);
    await this.#undeploy(id);
    const served: Served = { deployment, unsubscribe: [] };
    this.#served.set(id, served);
    const inbox = new ShardInbox(deployment, (job) => runner.accept(job, served.legs));
    const onChunk = (topic: string, payload: Uint8Array) => {
      const { header, bytes } = decodeFrame(SHARD_CHUNK, topic, payload);
      inbox.add(topic, header, bytes);
    };
    const feeds = [
      topics.ifm(id, name),
      ...deployment.sharedStages.map((stage) => topics.sharedIfm(id, stage)),
    ];
    try {
      const legs = await serveLegs(deployment, name, { bus, topics, ...(chunkBytes ? { chunkBytes } : {}) });
      if (legs) {
        served.legs = legs.runner;
        served.unsubscribe.push(legs.unsubscribe);
      }
      for (const topic of feeds) served.unsubscribe.push(await bus.subscribe(topic, onChunk));
    } catch (error) {
      await this.#undeploy(id);
      throw error;
    }
    return fetched;
  }

  async #undeploy(id: string): Promise<void> {
    const served = this.#served.get(id);
    if (!served) return;
    this.#served.delete(id);
    served.legs?.close();
    await Promise.allSettled(served.unsubscribe.map((unsubscribe) => unsubscribe()));
    if (this.#running) await releaseAll(this.#running.programs, served.deployment.shards);
  }

  async #reply(reply: Reply): Promise<void> {
    const topic = this.#topics.reply(this.#options.name);
    await this.#running?.bus.publish(topic, encodeMessage(reply), { qos: 1 }).catch(() => undefined);
  }
}

/** What exists between start and stop. */
interface Running {
  readonly bus: Bus;
  readonly identity: Identity;
  readonly claim: NameClaim;
  readonly fetcher: BlobFetcher;
  readonly programs: ResidentPrograms;
  readonly marks: LoadMarks;
  readonly runner: ShardRunner;
  readonly device: DeviceCalibration;
}
