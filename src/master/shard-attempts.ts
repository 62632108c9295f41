import { reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { SeenWay } from '../estimator/seen-way.ts';
import { travelling } from '../estimator/travelling.ts';
import type { Shard } from '../partition/shard.ts';
import type { Work } from '../partition/work.ts';
import type { Dataflow, FlowShard } from '../planner/dataflow.ts';
import type { Deadlines } from '../planner/deadlines.ts';
import type { Dealer } from '../planner/dealer.ts';
import { MASTER, type Stage, workersOf } from '../planner/plan.ts';
import type { Tensor, TensorType } from '../tensor/tensor.ts';
import { ALL_SHARDS } from '../wire/messages/shard-chunk.ts';
import type { Topics } from '../wire/topics.ts';
import type { Fleet } from './fleet.ts';
import { type Outlet, publishRegion } from './ifm-publisher.ts';
import type { JoinedTensors } from './join.ts';
import type { LegShards } from './leg-shards.ts';
import type { LocalPrograms } from './local-programs.ts';
import { DeadlineError, type RemoteShards } from './remote-shards.ts';
import type { StageTimes } from './stage-times.ts';

/** What the shards of a deployment need to run, wherever that is. */
export interface ShardContext {
  readonly deployment: string;
  readonly flow: Dataflow;
  /** The types in which the master keeps the model's tensors. */
  readonly held: ReadonlyMap<string, TensorType>;
  /** Agents that hold a shard's program, the planned one first; by shard id. */
  readonly holders: readonly (readonly string[])[];
  /** True while the agent is there and has not forgotten its programs in a restart. */
  readonly holds: (agent: string) => boolean;
  readonly outlet: Outlet;
  readonly topics: Topics;
  readonly fleet: Fleet;
  readonly remote: RemoteShards;
  readonly local: LocalPrograms;
  readonly legs: LegShards;
  readonly deadlines: Deadlines;
  /** Of the stages with replicas, by index. */
  readonly dealers: ReadonlyMap<number, Dealer>;
  /** Told what computing a shard took. */
  readonly observe:
    | ((worker: string, work: readonly Work[], computeSeconds: number, runs: number) => void)
    | undefined;
  /** Told what the way of a shard to its agent and back took, where no other inference was under way. */
  readonly observeWay: ((stage: Stage, index: number, seen: SeenWay) => void) | undefined;
  /** True while one inference runs: more would wait for one another. */
  readonly isAlone: () => boolean;
  readonly logger: Logger;
}

/** The part of an inference that its shards see. */
export interface RequestState {
  readonly request: string;
  readonly joined: JoinedTensors;
  readonly times: StageTimes;
  /** Shared regions that were published already, by stage. */
  readonly sharedSent: Map<number, Promise<number>>;
  /** Agents that missed a deadline: they get no other shard of this request. */
  readonly late: Set<string>;
}

/**
 * Runs one shard until it is done: on its agent, on another agent that holds its program, or at the master, which
 * always can. Tells whether it ended where it was planned. Rejects only where the master itself fails.
 */
export async function runShard(
  context: ShardContext,
  state: RequestState,
  flow: FlowShard,
): Promise<{ asPlanned: boolean }> {
  state.times.begin(flow);
  const { logger } = context;
  const dealer = context.dealers.get(flow.stage.index);
  const tried = new Set<string>();
  const isOut = (worker: string) => tried.has(worker) || state.late.has(worker);
  for (let attempt = 0; ; attempt += 1) {
    const worker = nextWorker(context, flow, dealer, isOut);
    tried.add(worker);
    // the first attempt is that of planned workers, who listen to what the stage shares
    if (attempt === 0 && !workersOf(flow.planned).includes(worker)) attempt = 1;
    const ended = dealer?.holds(worker) ? dealer.begin(worker) : undefined;
    const started = performance.now();
    try {
      if (worker === MASTER) await runLocally(context, state, flow, flow.planned.shard);
      else await runRemotely(context, state, flow, worker, attempt);
      ended?.((performance.now() - started) / 1000);
      return { asPlanned: attempt === 0 };
    } catch (error) {
      ended?.();
      if (worker === MASTER) throw error;
      const facts = { request: state.request, stage: flow.stage.name, shard: flow.index, agent: worker };
      logger.warn(facts, `A shard is run elsewhere: ${reasonOf(error)}.`);
      if (error instanceof DeadlineError) missed(context, state, worker, error);
    }
  }
}

/** Of the replicas the one that is expected to end first, else the next agent that holds the program, else the master. */
function nextWorker(
  { holders, holds }: ShardContext,
  flow: FlowShard,
  dealer: Dealer | undefined,
  isOut: (worker: string) => boolean,
): string {
  const may = (worker: string) => !isOut(worker) && (worker === MASTER || holds(worker));
  return dealer?.choose(may) ?? holders[flow.id]!.find(may) ?? MASTER;
}

/** The agent gets no work for a while, and none of this request in any case. */
export function missed(
  { fleet }: ShardContext,
  { late }: RequestState,
  agent: string,
  { deadlineMs }: DeadlineError,
): void {
  late.add(agent);
  fleet.suspect(agent, deadlineMs);
}

/** Throws where the agent fails, leaves, or does not answer in time. */
export async function runRemotely(
  context: ShardContext,
  state: RequestState,
  flow: FlowShard,
  agent: string,
  attempt: number,
): Promise<void> {
  const { remote, deadlines } = context;
  const { request, joined, times } = state;
  const started = performance.now();
  const call = { request, flow, attempt, agent, joined };
  const sending = publishInputs(context, state, flow, agent, attempt);
  const answer = await remote.expect(call, deadlines.of(flow.stage.index), sending);
  const sent = await sending;
  context.fleet.worked(agent);
  const totalMs = performance.now() - started;
  deadlines.observe(flow.stage.index, totalMs);
  const { agentTimes, receiveMs, joinMs } = answer;
  const { wire } = context.outlet;
  const { shard } = flow.planned;
  const { work } = travelling(shard, wire);
  context.observe?.(agent, work, agentTimes.computeMs / 1000, shard.legs?.length ?? 1);
  const edgeMs = agentTimes.waitMs + agentTimes.computeMs;
  const inFlight = totalMs - sent.partitionMs - edgeMs - receiveMs;
  // which link was taken is known of planned workers alone, not of replicas
  if (attempt === 0 && !context.dealers.has(flow.stage.index) && context.isAlone()) {
    const seconds = Math.max(0, inFlight + receiveMs - joinMs) / 1000;
    const receiveSeconds = Math.max(0, receiveMs - joinMs) / 1000;
    context.observeWay?.(flow.stage, flow.index, {
      ...{ seconds, receiveSeconds, wire },
      chunks: answer.chunks,
    });
  }
  times.addBytes(flow, sent.bytes + answer.bytes);
  times.end(flow, {
    partitionMs: sent.partitionMs,
    transmitMs: Math.max(0, inFlight),
    edgeMs,
    receiveMs: Math.max(0, receiveMs - joinMs),
    joinMs,
  });
}

/** A region that all shards of the stage read goes out once, on the topic they share; only on the first attempt. */
async function publishInputs(
  context: ShardContext,
  state: RequestState,
  flow: FlowShard,
  agent: string,
  attempt: number,
): Promise<{ bytes: number; partitionMs: number }> {
  const { outlet, topics, deployment } = context;
  const { inputs } = flow.planned.shard;
  const shared = attempt === 0 ? context.flow.shared[flow.stage.index]! : new Set<number>();
  let bytes = 0;
  let partitionMs = 0;
  const publish = async (topic: string, shard: number, at: number) => {
    const { tensor, region } = inputs[at]!;
    const address = { request: state.request, stage: flow.stage.index, shard, attempt, tensor: at };
    const sent = await publishRegion(outlet, topic, address, state.joined.get(tensor), region);
    bytes += sent.bytes;
    partitionMs += sent.partitionMs;
  };
  const sendShared = async () => {
    for (const at of shared) await publish(topics.sharedIfm(deployment, flow.stage.index), ALL_SHARDS, at);
    return partitionMs;
  };
  if (shared.size > 0) {
    const sending = state.sharedSent.get(flow.stage.index) ?? sendShared();
    state.sharedSent.set(flow.stage.index, sending);
    partitionMs = await sending;
  }
  for (const at of inputs.keys())
    if (!shared.has(at)) await publish(topics.ifm(deployment, agent), flow.index, at);
  return { bytes, partitionMs };
}

/** Runs the shard, or another form of it with the same outputs, at the master. */
export async function runLocally(
  context: ShardContext,
  state: RequestState,
  flow: FlowShard,
  shard: Shard,
): Promise<void> {
  const { joined } = state;
  const started = performance.now();
  const program = await context.local.get(shard);
  const inputs = shard.inputs.map(({ tensor, region }) => joined.part(tensor, region));
  const consume = shard.inputs.every(({ tensor }) => joined.isLastRead(tensor));
  const { outputs, computeMs } = await program.run(inputs, { consume });
  joinOwn(state, flow, outputs, { started, edgeMs: computeMs });
}

/** Puts what the master computed itself in its place. `edgeMs` is computing, and waiting for others where there is any. */
export function joinOwn(
  { joined, times }: RequestState,
  flow: FlowShard,
  outputs: readonly Tensor[],
  { started, edgeMs }: { readonly started: number; readonly edgeMs: number },
): void {
  const joining = performance.now();
  for (const [at, { tensor, region, join }] of flow.planned.shard.outputs.entries()) {
    const part = outputs[at]!;
    if (join === 'place') joined.placePart(tensor, region, part);
    else joined.addPart(tensor, region, flow.id, part.data);
  }
  const ended = performance.now();
  times.end(flow, {
    partitionMs: Math.max(0, joining - started - edgeMs),
    transmitMs: 0,
    edgeMs,
    receiveMs: 0,
    joinMs: ended - joining,
  });
}
