import { type Graph, type Node, subgraph, writesOf } from '../../graph/graph.ts';
import { lowered } from './lowering/lower.ts';
import { Unsupported } from './lowering/unsupported.ts';

/** Why TensorFlow.js cannot run them: the nodes of the graph that it refuses, without reading filters or loading anything. */
export function refusedNodes(graph: Graph): ReadonlyMap<Node, string> {
  return new Map(
    graph.nodes.flatMap((node) => {
      const reason = refusal(graph, node);
      return reason === undefined ? [] : [[node, reason] as const];
    }),
  );
}

function refusal(graph: Graph, node: Node): string | undefined {
  try {
    lowered(subgraph(graph, [node], new Set(writesOf(node)), node.name));
    return undefined;
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    throw error;
  }
}
