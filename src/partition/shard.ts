import type { Graph } from '../graph/graph.ts';
import type { Region } from '../tensor/region.ts';
import type { Work } from './work.ts';

export interface TensorRegion {
  readonly tensor: string;
  readonly region: Region;
}

/**
 * How a shard's output joins the tensor: `place` copies it into its region, which no other shard writes; `sum` adds
 * it to what the other shards of the stage give for the same region.
 */
export type Join = 'place' | 'sum';

/** One part of a stage: regions of its inputs -> a program -> regions of its outputs. Everything else hangs on it. */
export interface Shard {
  /** What travels to the worker, in the order of `program.inputs`. */
  readonly inputs: readonly TensorRegion[];
  /** Its own small graph, with the filters it needs and no others. */
  readonly program: Graph;
  /** Where the results go, in the order of `program.outputs`. */
  readonly outputs: readonly (TensorRegion & { readonly join: Join })[];
  /** Multiply-accumulates of one run. */
  readonly macs: number;
  /** Bytes of the constants that the worker holds for it. */
  readonly filterBytes: number;
  /** One per node that it runs: what the estimator prices. */
  readonly work: readonly Work[];
  /** Of each input, and of each output, as they travel. */
  readonly inputBytes: readonly number[];
  readonly outputBytes: readonly number[];
}
