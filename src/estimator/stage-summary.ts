import type { WorkerModel } from './fleet-model.ts';
import type { Travelling } from './travelling.ts';

/** The paper's five terms, of the shard that ends last; their sum is the time of the stage. In seconds. */
export interface StageTerms {
  /** T_part: until the shard's first bytes leave the master. */
  readonly partition: number;
  /** T_tx: until the worker has all of them. */
  readonly transmit: number;
  /** T_edge: waiting for the engine, and computing. */
  readonly edge: number;
  /** T_rx: until the master has the last byte. */
  readonly receive: number;
  /** T_join: until that is placed or summed. */
  readonly join: number;
}

export interface WorkerCost {
  readonly worker: string;
  readonly macs: number;
  readonly filterBytes: number;
  /** Through the agent's link; 0 for the master's own device. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of its engine. */
  readonly busySeconds: number;
}

export interface StageCost {
  readonly seconds: number;
  readonly terms: StageTerms;
  /** Through the links of all agents: a shared region counts once for each of them. */
  readonly bytes: number;
  /** As published by the master and the agents: a shared region counts once. */
  readonly publishedBytes: number;
  /** Through the links of all agents. */
  readonly messages: number;
  readonly perWorker: readonly WorkerCost[];
  /** What each resource of the fleet model served; the sum over stages tells which one limits the throughput. */
  readonly busy: Float64Array;
  /** Of the busiest resource. */
  readonly throughputSeconds: number;
}

/** What pricing and simulation remember of a shard on its way. */
export interface Course {
  readonly worker: WorkerModel;
  readonly shard: Travelling;
  readonly computeSeconds: number;
  left: number;
  arrived: number;
  computed: number;
  received: number;
  joined: number;
}

/** What publishing the inputs of a stage came to. */
export interface Sent {
  readonly shared: ReadonlySet<number>;
  /** Delivered. */
  readonly messages: number;
  /** Bytes that a shared region adds on the links beyond its first copy. */
  readonly repeated: number;
}

/** The terms of the shard that ends last. */
export function timesOf(courses: readonly Course[]): { seconds: number; terms: StageTerms } {
  let last = courses[0]!;
  for (const course of courses) if (course.joined > last.joined) last = course;
  return { seconds: last.joined, terms: termsOf(last) };
}

export function termsOf({ left, arrived, computed, received, joined }: Course): StageTerms {
  return {
    partition: left,
    transmit: arrived - left,
    edge: computed - arrived,
    receive: received - computed,
    join: joined - received,
  };
}

/** What travelled, and what each worker did. */
export function bytesOf(courses: readonly Course[], { shared, repeated }: Sent) {
  const perWorker = new Map<WorkerModel, { -readonly [K in keyof WorkerCost]: WorkerCost[K] }>();
  let bytes = 0;
  for (const { worker, shard, computeSeconds } of courses) {
    let cost = perWorker.get(worker);
    const again = cost !== undefined;
    if (!cost) {
      cost = { worker: worker.id, macs: 0, filterBytes: 0, bytesIn: 0, bytesOut: 0, busySeconds: 0 };
      perWorker.set(worker, cost);
    }
    cost.macs += shard.macs;
    cost.filterBytes += shard.filterBytes;
    cost.busySeconds += computeSeconds;
    if (worker.isMaster) continue;
    for (const size of shard.outputBytes) cost.bytesOut += size;
    for (const [at, size] of shard.inputBytes.entries()) if (!again || !shared.has(at)) cost.bytesIn += size;
  }
  for (const { bytesIn, bytesOut } of perWorker.values()) bytes += bytesIn + bytesOut;
  return { bytes, publishedBytes: bytes - repeated, perWorker: [...perWorker.values()] };
}
