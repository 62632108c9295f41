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

/** Rows of a tensor that one shard of a stage made and another needs. */
export interface HaloPiece {
  /** The other shard: its number in the stage. */
  readonly shard: number;
  readonly region: Region;
  readonly bytes: number;
}

/**
 * One of several programs that the worker of a shard runs one after the other. What it makes stays there, and is the input of
 * the next one together with the rows that other shards of the stage send.
 */
export interface Leg {
  /** The inputs of the first leg are the shard's; of a later one, a region of the tensor that the leg before it made. */
  readonly part: Shard;
  /** Of what the leg before it made: the shard's own rows that it reads; undefined where it reads none of them, and in the first leg. */
  readonly kept: Region | undefined;
  /** Of its input: what other shards made of it. */
  readonly receives: readonly HaloPiece[];
  /** Of its result: what other shards need of it. */
  readonly sends: readonly HaloPiece[];
}

/** One part of a stage: regions of its inputs -> a program -> regions of its outputs. Everything else hangs on it. */
export interface Shard {
  /** What travels to the worker, in the order of `program.inputs`. */
  readonly inputs: readonly TensorRegion[];
  /**
   * Its own small graph, with the filters it needs and no others. Written when first read. Of a shard in legs, that of
   * the last one, which makes the outputs.
   */
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
  /** Two at least, of a shard that exchanges halos with the others of its stage. */
  readonly legs?: readonly Leg[];
  /** Of a shard in legs: the same outputs in one program, from larger regions of the inputs, without the other shards. */
  readonly alone?: Shard;
}

/** Everything but the program: what a planner needs to know of a shard. */
export type Priced = Omit<Shard, 'program' | 'legs' | 'alone'>;

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
