import { IsobathError } from '../base/errors.ts';
import type { Run } from './run.ts';
import type { Shard } from './shard.ts';

/** A shard and the index of the worker that gets it, into the weights that the scheme was given. */
export interface Assignment {
  readonly worker: number;
  readonly shard: Shard;
}

/** A way to cut a run into shards. One file each; nothing else in the program knows how a scheme works. */
export interface Scheme {
  readonly name: string;
  /** Why the run cannot be cut like this, in words for a user; undefined where it can. */
  unfit(run: Run): string | undefined;
  /**
   * The shards of the workers that get work, in proportion to their capacities. Together they make every element of
   * the run's outputs once (a sum counts as one). Throws ISO_ERR_SCHEME_UNFIT.
   */
  cut(run: Run, weights: readonly number[]): Assignment[];
}

/** Throws ISO_ERR_SCHEME_UNFIT where there is a reason. */
export function refuse(scheme: string, run: Run, reason: string | undefined): void {
  if (reason) throw IsobathError.of('ISO_ERR_SCHEME_UNFIT', { scheme, node: run.nodes[0]!.name, reason });
}
