import { consumersOf, type Graph, type Node, writesOf } from '../graph/graph.ts';
import type { KnownParts } from './known-parts.ts';

/** Consecutive nodes (in topological order) that may become one stage, and the tensors that must leave it. */
export interface Run {
  readonly graph: Graph;
  readonly nodes: readonly Node[];
  readonly outputs: readonly string[];
  /** What is remembered of the graph's parts, for all runs that are cut again and again. */
  readonly known?: KnownParts;
}

/** The run of `nodes`: what the rest of the graph reads of it, or the graph gives as its own output, must leave. */
export function runOf(graph: Graph, nodes: readonly Node[], consumers = consumersOf(graph.nodes)): Run {
  const inside = new Set(nodes);
  const outputs = nodes
    .flatMap(writesOf)
    .filter(
      (tensor) =>
        graph.outputs.includes(tensor) || (consumers.get(tensor) ?? []).some((reader) => !inside.has(reader)),
    );
  return { graph, nodes, outputs };
}
