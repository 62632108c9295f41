import type { DeadlineOptions } from '../planner/deadlines.ts';

/** What a simulation adds to a plan. All of it together is reproducible: nothing is drawn but by the seed. */
export interface SimulationOptions {
  /** How many inferences are asked for. Default 1. */
  readonly inferences?: number;
  /** Requests per second, evenly spaced. Default: all at once. */
  readonly rate?: number;
  /** The most that run at a time; the others wait. Default: no limit. */
  readonly inFlight?: number;
  /** An agent's run of a shard takes `factor` times as long, with a probability of `share`. */
  readonly stragglers?: { readonly share: number; readonly factor: number };
  /** Share of the agents' processors that other work takes, from 0 to below 1. Default 0. */
  readonly load?: number;
  /** Probability that a message is lost. Its shard waits for the deadline, and then the master runs it. Default 0. */
  readonly loss?: number;
  readonly deadlines?: DeadlineOptions;
  /** Default 1. */
  readonly seed?: number;
}
