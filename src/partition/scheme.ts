import { IsobathError } from '../base/errors.ts';
import type { Run } from './run.ts';
import type { Shard } from './shard.ts';
import type { Work } from './work.ts';

/** A shard and the index of the worker that gets it, into the weights that the scheme was given. */
export interface Assignment {
  readonly worker: number;
  readonly shard: Shard;
}

/** What workers and links take, in seconds: by this a scheme chooses between computing rows again and sending them. */
export interface Rates {
  /** Of a worker: one node, and one run of its engine. */
  readonly node: (work: Work) => number;
  readonly run: number;
  /** Per byte of the inputs of all shards, on their way to the workers. */
  readonly inputByte: number;
  /** A message, and a byte, from one worker to another. */
  readonly message: number;
  readonly byte: number;
  /** Per byte that a worker copies. */
  readonly copiedByte: number;
}

/** A way to cut a run into shards. One file each; nothing else in the program knows how a scheme works. */
export interface Scheme {
  readonly name: string;
  /** Why the run cannot be cut like this, in words for a user; undefined where it can. */
  unfit(run: Run): string | undefined;
  /**
   * The shards of the workers that get work, in proportion to their capacities. Together they make every element of
   * the run's outputs once (a sum counts as one). Throws ISO_ERR_SCHEME_UNFIT. `rates` matter to schemes that weigh.
   */
  cut(run: Run, weights: readonly number[], rates?: Rates): Assignment[];
  /**
   * One of the shards that `cut` gives, from the middle, where there is halo on every side, or a smaller one. What it takes alone is
   * about the least that all take, at most a few per cent above. Undefined where it cannot be told without making the others.
   */
  sample?(run: Run, weights: readonly number[], rates?: Rates): Assignment | undefined;
  /** As `cut`, but shards that differ in where they lie only are made once: near enough to see what is not worth cutting. */
  rough?(run: Run, weights: readonly number[], rates?: Rates): Assignment[];
  /** True where it gives the run to one worker, the one with the greatest weight. */
  readonly alone?: boolean;
}

/** The one in the middle of `count`; of two, the earlier. */
export function middleOf(count: number): number {
  return Math.floor((count - 1) / 2);
}

/** Throws ISO_ERR_SCHEME_UNFIT where there is a reason. */
export function refuse(scheme: string, run: Run, reason: string | undefined): void {
  if (reason) throw IsobathError.of('ISO_ERR_SCHEME_UNFIT', { scheme, node: run.nodes[0]!.name, reason });
}
