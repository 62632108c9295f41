import { consumersOf, type Graph, readsOf } from '../graph/graph.ts';
import { layerDepth } from '../partition/depth.ts';

/**
 * Where stages may begin and end, as positions between nodes (0 before the first, `nodes.length` after the last): around
 * every layer, and after the last of the small nodes that follow a layer and read nothing else. A boundary between
 * two small nodes would only add choices that cost more.
 */
export function boundariesOf(graph: Graph): number[] {
  const consumers = consumersOf(graph.nodes);
  const positions = [...graph.nodes.keys()].filter((at) => {
    const node = graph.nodes[at]!;
    const before = graph.nodes[at - 1];
    if (!before || layerDepth(graph, node) || layerDepth(graph, before)) return true;
    const live = readsOf(node).filter((name) => !graph.initializers.has(name));
    const follows = live.length === 1 && before.outputs.includes(live[0]!);
    return !follows || (consumers.get(live[0]!)?.length ?? 0) > 1;
  });
  return [...positions, graph.nodes.length];
}
