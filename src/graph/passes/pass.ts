import type { Graph } from '../graph.ts';

/** One step of a simplification: a graph in, a graph of the same meaning out. */
export interface Pass {
  readonly name: string;
  run(graph: Graph): Graph;
}
