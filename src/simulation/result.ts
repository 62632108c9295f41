import type { StageTerms } from '../estimator/stage-summary.ts';

/** The paper's five terms, and the wait for a shard that did not come back. In seconds. */
export interface SimulatedTerms extends StageTerms {
  /** From the first attempt until the master gave it up. */
  readonly retry: number;
}

export interface SimulatedStage {
  readonly name: string;
  readonly scheme: string;
  readonly shards: number;
  /** Of the shard that ended last, the mean over the inferences. */
  readonly terms: SimulatedTerms;
}

export interface Latency {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface SimulatedInference {
  /** When it was asked for. */
  readonly asked: number;
  readonly ended: number;
  /** Shards that the master had to run in place of their agents. */
  readonly takenOver: number;
}

export interface SimulationResult {
  readonly inferences: readonly SimulatedInference[];
  /** From being asked for to the end, waiting included. */
  readonly latency: Latency;
  /** Inferences per second, from the first request to the last end. */
  readonly throughput: number;
  /** Seconds from the first request to the last end. */
  readonly makespan: number;
  readonly stages: readonly SimulatedStage[];
  /** What each resource of the fleet model served. */
  readonly busy: Float64Array;
  /** The one that served longest, and the share of the makespan that it did. */
  readonly busiest: { readonly resource: string; readonly utilization: number };
}

/** Nearest rank: the least value that at least `share` of all do not exceed. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)]!;
}

export function latencyOf(seconds: readonly number[]): Latency {
  const sorted = seconds.toSorted((a, b) => a - b);
  return {
    mean: sorted.reduce((sum, each) => sum + each, 0) / sorted.length,
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1)!,
  };
}
