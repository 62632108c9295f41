import type { Replica } from '../estimator/replicated-cost.ts';
import type { StageCost } from '../estimator/stage-summary.ts';
import type { Node } from '../graph/graph.ts';
import type { Shard } from '../partition/shard.ts';
import type { Precision } from '../tensor/precision.ts';

/** The worker that is the master's own device. Agents cannot bear this name. */
export const MASTER = 'master';

export interface PlannedShard {
  /** Of several, the first agent. */
  readonly worker: string;
  readonly shard: Shard;
  /** The workers that inferences are dealt out to, and the share of each; only of a stage of one shard. */
  readonly replicas?: readonly Replica[];
}

/** All that may run the shard as planned. */
export function workersOf({ worker, replicas }: PlannedShard): string[] {
  return replicas?.map((each) => each.worker) ?? [worker];
}

/** Consecutive nodes that run together, as shards on workers. A `local` stage is one shard at the master. */
export interface Stage {
  readonly index: number;
  /** Named after its first node. */
  readonly name: string;
  /** A partition scheme, or `local`. */
  readonly scheme: string;
  readonly nodes: readonly Node[];
  readonly shards: readonly PlannedShard[];
  /** What the estimator predicts for it. */
  readonly cost: StageCost;
}

/** In topological order: a stage reads the model's inputs and what earlier stages wrote. */
export interface Plan {
  readonly strategy: string;
  /** How feature maps travel. */
  readonly wire: Precision;
  readonly stages: readonly Stage[];
  /** Of one inference, stage after stage. */
  readonly predictedSeconds: number;
  /** Of the busiest resource in one inference: the least time between two results. */
  readonly throughputSeconds: number;
}

export function isDistributed(stage: Stage): boolean {
  return stage.shards.some((planned) => workersOf(planned).some((worker) => worker !== MASTER));
}
