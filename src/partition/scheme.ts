import type { Graph, Node } from '../graph/graph.ts';
import type { Shard } from './shard.ts';

/** A shard and the index of the worker that gets it, into the weights that the scheme was given. */
export interface Assignment {
  readonly worker: number;
  readonly shard: Shard;
}

/** A way to cut a stage into shards. One file each; nothing else in the program knows how a scheme works. */
export interface Scheme {
  readonly name: string;
  /** Why the layer cannot be cut like this; undefined where it can. */
  unfit(graph: Graph, head: Node): string | undefined;
  /** The nodes that run together with the layer, itself first. */
  stageOf(graph: Graph, head: Node): Node[];
  /**
   * One shard per worker that gets work, capacity-weighted. The last of `nodes` makes the stage's one output.
   * Throws ISO_ERR_SCHEME_UNFIT.
   */
  cut(graph: Graph, nodes: readonly Node[], weights: readonly number[]): Assignment[];
}
