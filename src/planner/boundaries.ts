import { consumersOf, type Graph } from '../graph/graph.ts';
import { layerDepth } from '../partition/depth.ts';
import { liveReads, onlyDequantizes, unitsOf } from '../partition/units.ts';

/**
 * Where stages may begin and end, as positions between nodes (0 before the first, `nodes.length` after the last): around
 * every layer, and after the last of the small units that follow a layer and read nothing else. A boundary between
 * two small units would only add choices that cost more.
 */
export function boundariesOf(graph: Graph): number[] {
  const consumers = consumersOf(graph.nodes);
  const positions: number[] = [];
  let position = 0;
  for (const [at, unit] of unitsOf(graph).all.entries()) {
    const before = unitsOf(graph).all[at - 1];
    const live = liveReads(graph, unit.nodes);
    const follows = live.length === 1 && before?.nodes.some(({ outputs }) => outputs.includes(live[0]!));
    const apart = !follows || onlyDequantizes(unit) || (consumers.get(live[0]!)?.length ?? 0) > 1;
    if (apart || layerDepth(graph, unit.core) || layerDepth(graph, before!.core)) positions.push(position);
    position += unit.nodes.length;
  }
  return [...positions, graph.nodes.length];
}
