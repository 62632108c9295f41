import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Engine } from '../engine/engine.ts';
import type { Graph } from '../graph/graph.ts';
import { type Dataflow, dataflowOf } from '../planner/dataflow.ts';
import { type DeadlineOptions, Deadlines } from '../planner/deadlines.ts';
import { type Dealer, dealersOf } from '../planner/dealer.ts';
import { MASTER, type Plan, workersOf } from '../planner/plan.ts';
import type { Tensor, TensorType } from '../tensor/tensor.ts';
import type { Bus } from '../transport/bus.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { ShardProgram } from '../wire/messages/control.ts';
import type { Deployed } from '../wire/messages/reply.ts';
import { validName } from '../wire/names.ts';
import type { Topics } from '../wire/topics.ts';
import type { BlobServer } from './blob-server.ts';
import type { Fleet } from './fleet.ts';
import type { FleetProfiles } from './fleet-profile.ts';
import { heldTypes } from './held-types.ts';
import { WARM_UP } from './host-correction.ts';
import { type InferenceResult, runInference } from './inference.ts';
import { LegShards } from './leg-shards.ts';
import { packShard, programsOf } from './leg-specs.ts';
import { LocalPrograms } from './local-programs.ts';
import { type Blob, type PackedProgram, ProgramPacker } from './packed-program.ts';
import { holdersOf, shardProgramOf } from './placement.ts';
import { RemoteShards } from './remote-shards.ts';

export interface DeploymentOptions {
  readonly model: string;
  readonly graph: Graph;
  readonly plan: Plan;
  readonly bus: Bus;
  readonly topics: Topics;
  readonly fleet: Fleet;
  readonly blobs: BlobServer;
  readonly engine: Engine;
  readonly logger: Logger;
  readonly packer?: ProgramPacker;
  /** Further agents that each get a shard's program besides its own. Default 0. */
  readonly standby?: number;
  readonly chunkBytes?: number;
  readonly deadlines?: DeadlineOptions;
  /** Learns from what shards took. */
  readonly profiles?: Pick<FleetProfiles, 'observe' | 'observeWay' | 'observeStages'>;
  /** How long the event loop has planned so far, between messages. In milliseconds. */
  readonly planningMs?: () => number;
  /** An agent that asks for nothing and reports nothing for so long has failed. Default 60000 ms. */
  readonly deployTimeoutMs?: number;
}

/** Inferences that come after one another leave no longer pauses. */
const ASKED_MS = 1000;

/** A plan whose programs are resident on its agents. */
export class Deployment {
  readonly id = `d${randomBytes(6).toString('hex')}`;
  readonly plan: Plan;
  /** Agents that left while they were to make their programs ready. */
  readonly lost = new Set<string>();
  readonly #options: DeploymentOptions;
  readonly #flow: Dataflow;
  readonly #held: ReadonlyMap<string, TensorType>;
  readonly #remote: RemoteShards;
  readonly #local: LocalPrograms;
  readonly #legs: LegShards;
  readonly #deadlines: Deadlines;
  readonly #dealers: ReadonlyMap<number, Dealer>;
  readonly #running = new Set<Promise<unknown>>();
  #endedMs = Number.NEGATIVE_INFINITY;
  #holders: string[][] = [];
  #agents: string[] = [];
  #offered: Blob[] = [];
  /** Which run of each agent holds its programs. */
  readonly #lives = new Map<string, string>();
  readonly #ending = new AbortController();
  readonly #failures = new Map<string, IsobathError>();
  #requests = 0;

  constructor(options: DeploymentOptions) {
    const { plan, graph, bus, topics, fleet, logger, engine, deadlines } = options;
    this.#options = options;
    this.plan = plan;
    this.#flow = dataflowOf(plan);
    const { wire } = plan;
    this.#held = heldTypes(graph, this.#flow, wire);
    this.#remote = new RemoteShards({ bus, topics, deployment: this.id, fleet, logger, wire });
    this.#local = new LocalPrograms(engine, this.#held);
    const size = options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes };
    this.#legs = new LegShards({
      bus,
      topics,
      deployment: this.id,
      flow: this.#flow,
      local: this.#local,
      ...size,
    });
    this.#deadlines = new Deadlines(deadlines);
    this.#dealers = dealersOf(plan.stages);
  }

  /** True while inferences run, and between those that follow one another. */
  get isAsked(): boolean {
    return this.#running.size > 0 || performance.now() - this.#endedMs < ASKED_MS;
  }

  /** Agents that hold a part of it. */
  get agents(): readonly string[] {
    return this.#agents;
  }

  /** Agents that were there, and could not deploy. */
  get failures(): ReadonlyMap<string, IsobathError> {
    return this.#failures;
  }

  /** Ships what the agents lack and waits until all are ready. Throws ISO_ERR_DEPLOY_FAILED naming the agent. */
  async start(): Promise<void> {
    const { blobs } = this.#options;
    const packed = this.#pack();
    this.#holders = holdersOf(this.#flow, packed, this.#options.standby);
    this.#agents = [...new Set(this.#holders.flat())];
    this.#offered = [...new Set(packed.values())].flatMap(({ program, filters, later = [] }) => [
      program,
      ...filters,
      ...later,
    ]);
    blobs.offer(this.#offered);
    try {
      await this.#remote.start();
      await Promise.all(this.#agents.map((agent) => this.#deployOn(agent, packed)));
      await this.#legs.start();
      for (const { planned } of this.#flow.shards) {
        if (!workersOf(planned).includes(MASTER)) continue;
        if (!planned.shard.legs) await this.#local.get(planned.shard);
        else for (const program of programsOf(planned.shard)) await this.#local.plain(program);
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends a `start` that is under way: it throws ISO_ERR_DEPLOY_FAILED. */
  abort(): void {
    this.#ending.abort();
  }

  /** Waits for running inferences, then lets the agents forget the deployment. */
  async stop(): Promise<void> {
    const { fleet, blobs } = this.#options;
    this.abort();
    await Promise.allSettled(this.#running);
    const undeploy = { v: VERSION, type: 'undeploy', deployment: this.id } as const;
    await Promise.allSettled(
      this.#agents.filter((id) => fleet.has(id)).map((id) => fleet.send(id, undeploy)),
    );
    blobs.withdraw(this.#offered.splice(0));
    await this.#remote.stop();
    await this.#legs.stop();
    await this.#local.dispose();
  }

  /** True while the agent is there and has not forgotten its programs in a restart. */
  holds(agent: string): boolean {
    const life = this.#options.fleet.lifeOf(agent);
    return life !== undefined && life === this.#lives.get(agent);
  }

  /** `request` is part of what its shards are called on the wire, with a number, because clients may use one twice. */
  infer(request: string, inputs: ReadonlyMap<string, Tensor>): Promise<InferenceResult> {
    const unique = `${validName(request).slice(0, 100)}.${this.#requests++}`;
    const { graph, bus, topics, fleet, logger, chunkBytes } = this.#options;
    const { profiles, planningMs = () => 0 } = this.#options;
    // code that is compiled, and memory that is touched, for the first time says nothing of those to come
    const isWarm = this.#requests > WARM_UP;
    const context = {
      deployment: this.id,
      flow: this.#flow,
      held: this.#held,
      holders: this.#holders,
      holds: (agent: string) => this.holds(agent),
      remote: this.#remote,
      local: this.#local,
      legs: this.#legs,
      deadlines: this.#deadlines,
      dealers: this.#dealers,
      observe: isWarm ? profiles?.observe : undefined,
      observeWay: isWarm ? profiles?.observeWay : undefined,
      isAlone: () => this.#running.size === 1,
      outlet: { bus, wire: this.plan.wire, ...(chunkBytes === undefined ? {} : { chunkBytes }) },
      ...{ topics, fleet, logger },
    };
    const begun = this.#requests;
    const loop = isWarm ? performance.eventLoopUtilization() : undefined;
    const planned = planningMs();
    const wasAlone = this.#running.size === 0;
    const running = runInference(context, graph, unique, inputs)
      .then((result) => {
        // others that came meanwhile took their share of everything
        const isAlone = wasAlone && this.#requests === begun;
        if (isAlone && !result.degraded) {
          const activeMs = loop ? performance.eventLoopUtilization(loop).active : 0;
          profiles?.observeStages(this.plan, result.stages, (activeMs - (planningMs() - planned)) / 1000);
        }
        return result;
      })
      .finally(() => {
        this.#running.delete(running);
        this.#endedMs = performance.now();
      });
    this.#running.add(running);
    return running;
  }

  #pack(): Map<number, PackedProgram> {
    const packer = this.#options.packer ?? new ProgramPacker();
    const remote = this.#flow.shards.filter(({ planned }) => planned.worker !== MASTER);
    return new Map(remote.map(({ id, planned }) => [id, packShard(packer, planned.shard)]));
  }

  async #deployOn(agent: string, packed: ReadonlyMap<number, PackedProgram>): Promise<void> {
    this.#requireWire(agent);
    const held = this.#flow.shards.filter(({ id }) => this.#holders[id]!.includes(agent));
    const programs = held.map((flow) =>
      shardProgramOf(this.#flow, flow, { packed: packed.get(flow.id)!, agent, wire: this.plan.wire }),
    );
    const { receivedBytes, cachedBytes } = await this.#ordered(agent, programs);
    const life = this.#options.fleet.lifeOf(agent);
    if (life !== undefined) this.#lives.set(agent, life);
    const { model, logger } = this.#options;
    logger.info(
      { model, agent, receivedBytes, cachedBytes, shards: held.length },
      'An agent holds its programs.',
    );
  }

  /** An agent of an older version would take narrow elements for float32. Throws ISO_ERR_DEPLOY_FAILED. */
  #requireWire(agent: string): void {
    const { fleet, model } = this.#options;
    const { wire } = this.plan;
    const member = fleet.members.find(({ id }) => id === agent);
    if (wire === 'float32' || !member || member.profile.wire?.includes(wire)) return;
    const reason = `its version of Isobath cannot send and take ${wire}`;
    const error = IsobathError.of('ISO_ERR_DEPLOY_FAILED', { model, agent, reason });
    this.#failures.set(agent, error);
    throw error;
  }

  /** Sends the order and waits for the answer, as long as the agent gives signs of life. */
  async #ordered(agent: string, programs: readonly ShardProgram[]): Promise<Deployed> {
    const { fleet, blobs, model, deployTimeoutMs = 60_000 } = this.#options;
    const failed = (reason: string) => IsobathError.of('ISO_ERR_DEPLOY_FAILED', { model, agent, reason });
    const atFault = (reason: string) => {
      const error = failed(reason);
      this.#failures.set(agent, error);
      return error;
    };
    const undo: (() => void)[] = [];
    try {
      return await new Promise<Deployed>((resolve, reject) => {
        let aliveMs = performance.now();
        undo.push(
          fleet.on(
            'left',
            ({ id, reason }) => id === agent && reject(this.lost.add(agent) && failed(`it is ${reason}`)),
          ),
          fleet.on('reply', ({ agent: from, reply }) => {
            if (from !== agent || !('deployment' in reply) || reply.deployment !== this.id) return;
            if (reply.type === 'deployed') resolve(reply);
            if (reply.type === 'failed') reject(atFault(`${reply.error.code}: ${reply.error.message}`));
          }),
          blobs.onServed((to) => {
            if (to === agent) aliveMs = performance.now();
          }),
        );
        const { signal } = this.#ending;
        const aborted = () => reject(failed('the master stops'));
        signal.addEventListener('abort', aborted);
        undo.push(() => signal.removeEventListener('abort', aborted));
        if (signal.aborted) aborted();
        else if (!fleet.has(agent)) reject(failed('it left'));
        const watch = setInterval(() => {
          if (performance.now() - aliveMs > deployTimeoutMs) reject(atFault('it does not answer'));
        }, 1000);
        undo.push(() => clearInterval(watch));
        const ids = { replyId: this.id, deployment: this.id };
        const order = { v: VERSION, type: 'deploy', ...ids, programs } as const;
        fleet.send(agent, order).catch(reject);
      });
    } finally {
      for (const step of undo) step();
    }
  }
}
