import type { Graph, Node } from '../graph/graph.ts';
import { macsOf } from '../graph/macs.ts';

/** A node that computes. */
export interface SweptLayer {
  readonly name: string;
  readonly op: string;
  readonly macs: number;
  readonly output: readonly number[];
}

/** The layers of the graph, in its order, each with its node. */
export function sweptLayers(graph: Graph): (SweptLayer & { readonly node: Node })[] {
  return graph.nodes.flatMap((node) => {
    const macs = macsOf(graph, node);
    const output = graph.types.get(node.outputs[0]!)?.shape ?? [];
    return macs === 0 ? [] : [{ name: node.name, op: node.op, macs, output, node }];
  });
}
