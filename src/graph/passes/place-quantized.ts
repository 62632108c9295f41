import { consumersOf, type Graph, type Node, readsOf, writesOf } from '../graph.ts';
import { ACTIVATIONS } from '../operators/elementwise.ts';
import type { Pass } from './pass.ts';

/**
 * QuantizeLinear stands right after the node whose result it reads, where nobody else reads that, with an activation between
 * them or not:
 *
 *     DequantizeLinear -> Conv -> Relu -> QuantizeLinear          one integer kernel in onnxruntime
 *
 * So that what belongs together lies together, and stages begin and end where tensors are quantised.
 */
export const placeQuantized: Pass = {
  name: 'place-quantized',
  run(graph: Graph): Graph {
    if (!graph.nodes.some(isQuantize)) return graph;
    const consumers = consumersOf(graph.nodes);
    /** The one node that reads all that `node` makes; undefined where there are more, or the graph gives it. */
    const readerOf = (node: Node): Node | undefined => {
      const [tensor, ...others] = writesOf(node);
      const readers = consumers.get(tensor ?? '') ?? [];
      const alone = others.length === 0 && readers.length === 1 && !graph.outputs.includes(tensor!);
      // what else it reads must be there
      const ready = readers[0]?.inputs.slice(1).every((name) => name === '' || graph.initializers.has(name));
      return alone && ready && readsOf(readers[0]!).includes(tensor!) ? readers[0] : undefined;
    };
    const nodes: Node[] = [];
    const placed = new Set<Node>();
    for (const node of graph.nodes) {
      if (placed.has(node)) continue;
      nodes.push(node);
      for (const follower of followersOf(node, readerOf)) {
        nodes.push(follower);
        placed.add(follower);
      }
    }
    return { ...graph, nodes };
  },
};

/** The QuantizeLinear behind the node, and the activation before it; none where the node has no such reader. */
function followersOf(node: Node, readerOf: (node: Node) => Node | undefined): Node[] {
  const next = readerOf(node);
  if (next && isQuantize(next)) return [next];
  if (next?.domain !== '' || !ACTIVATIONS.has(next.op)) return [];
  const last = readerOf(next);
  return last && isQuantize(last) ? [next, last] : [];
}

function isQuantize({ domain, op }: Node): boolean {
  return domain === '' && op === 'QuantizeLinear';
}
