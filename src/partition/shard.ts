import type { Graph } from '../graph/graph.ts';
import type { DType } from '../tensor/dtype.ts';
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
type Join = 'place' | 'sum';

/** Where a result of a shard goes. */
export interface Joined extends TensorRegion {
  readonly join: Join;
}

/** One part of a stage: regions of its inputs -> a program -> regions of its outputs. Everything else hangs on it. */
export interface Shard {
  /** What travels to the worker, in the order of `program.inputs`. */
  readonly inputs: readonly TensorRegion[];
  /** Its own small graph, with the filters it needs and no others. Written when first read. */
  readonly program: Graph;
  /** Where the results go, in the order of `program.outputs`. */
  readonly outputs: readonly Joined[];
  /** Multiply-accumulates of one run, with what it computes again because another shard has it too. */
  readonly macs: number;
  /** Bytes of the model's constants that the worker holds for it. */
  readonly filterBytes: number;
  /** One per node that it runs: what the estimator prices. */
  readonly work: readonly Work[];
  /** Of each input, and of each output, as they are. */
  readonly inputBytes: readonly number[];
  readonly outputBytes: readonly number[];
  readonly inputTypes: readonly DType[];
  readonly outputTypes: readonly DType[];
}

/** Everything but the program: what a planner needs to know of a shard. */
export type Priced = Omit<Shard, 'program'>;

/**
 * A shard whose program waits until somebody wants to run it: a planner prices thousands of shards and keeps a few.
 */
export class LazyShard implements Shard {
  readonly inputs: readonly TensorRegion[];
  readonly outputs: readonly Joined[];
  readonly macs: number;
  readonly filterBytes: number;
  readonly work: readonly Work[];
  readonly inputBytes: readonly number[];
  readonly outputBytes: readonly number[];
  readonly inputTypes: readonly DType[];
  readonly outputTypes: readonly DType[];
  readonly #write: () => Graph;
  #program: Graph | undefined;

  constructor(price: Priced, write: () => Graph) {
    this.inputs = price.inputs;
    this.outputs = price.outputs;
    this.macs = price.macs;
    this.filterBytes = price.filterBytes;
    this.work = price.work;
    this.inputBytes = price.inputBytes;
    this.outputBytes = price.outputBytes;
    this.inputTypes = price.inputTypes;
    this.outputTypes = price.outputTypes;
    this.#write = write;
  }

  get program(): Graph {
    this.#program ??= this.#write();
    return this.#program;
  }
}
