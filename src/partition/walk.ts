import type { Graph, Node } from '../graph/graph.ts';
import type { Range, Region } from '../tensor/region.ts';
import { partOf, reductionOf } from './rules/index.ts';
import type { Part, PartialSum } from './rules/rule.ts';
import type { Run } from './run.ts';
import type { TensorRegion } from './shard.ts';

/** What a shard is to make. */
export interface Goals {
  /** Regions that go to their place. */
  readonly placed: readonly TensorRegion[];
  /** The partial sum of a layer's whole output (or of a range of its filters) over a range of its input channels. */
  readonly sum?: { readonly node: Node; readonly region: Region; readonly channels: Range };
}

/** A node of a shard and the region that it makes there. */
interface Step {
  readonly node: Node;
  readonly region: Region;
  readonly part: Part;
}

/** What it takes to reach the goals. */
export interface Walk {
  /** In the order in which they run. */
  readonly steps: readonly Step[];
  readonly sums: readonly PartialSum[];
  /** The region of every live tensor, read from outside or made by a step. */
  readonly needed: ReadonlyMap<string, Region>;
  /** A node that cannot be cut like this; then the walk ended there. */
  readonly stuck: Node | undefined;
}

/**
 * Walks back from the goals to learn which region of every tensor is needed. A tensor that two nodes read is made once,
 * in the box that holds both parts.
 *
 *     IFM rows        conv1 rows     conv2 rows
 *     [0,  5)    <-   [0, 4)    <-   [0, 3)      goal of the first shard
 *       [1,  6)  <-     [2, 6)  <-     [3, 6)    goal of the second: what both need is the halo
 */
export function walkBack({ graph, nodes }: Pick<Run, 'graph' | 'nodes'>, goals: Goals): Walk {
  const needed = new Map<string, Region>();
  const steps: Step[] = [];
  const need = (node: Node, regions: readonly (Region | undefined)[]) => {
    regions.forEach((region, at) => {
      const tensor = node.inputs[at]!;
      if (region && !graph.initializers.has(tensor)) widen(needed, tensor, region);
    });
  };
  for (const { tensor, region } of goals.placed) widen(needed, tensor, region);
  const sums = sumsOf(graph, goals);
  for (const { inputs } of sums) need(goals.sum!.node, inputs);
  for (let at = nodes.length - 1; at >= 0; at -= 1) {
    const node = nodes[at]!;
    const region = needed.get(node.outputs[0]!);
    // rules make a node's first output only
    const others = node.outputs.length > 1 && node.outputs.slice(1).some((name) => needed.has(name));
    if (!region && !others) continue;
    const part = region && !others && typesKnown(graph, node) ? partOf({ graph, node, region }) : undefined;
    if (!part) return { steps, sums, needed, stuck: node };
    need(node, part.inputs);
    steps.push({ node, region: region!, part });
  }
  return { steps: steps.reverse(), sums, needed, stuck: undefined };
}

function sumsOf(graph: Graph, { sum }: Goals): readonly PartialSum[] {
  if (!sum) return [];
  return reductionOf({ graph, node: sum.node, region: sum.region }, sum.channels)!;
}

function typesKnown(graph: Graph, node: Node): boolean {
  for (const name of node.inputs) if (name !== '' && !graph.types.has(name)) return false;
  for (const name of node.outputs) if (name !== '' && !graph.types.has(name)) return false;
  return true;
}

/** Grows the needed region of a tensor to the box that holds both. */
function widen(needed: Map<string, Region>, tensor: string, region: Region): void {
  const before = needed.get(tensor);
  if (!before) {
    needed.set(tensor, region);
    return;
  }
  if (before === region) return;
  const box = before.map(([start, end], axis): Range => {
    const [from, to] = region[axis]!;
    return [Math.min(start, from), Math.max(end, to)];
  });
  needed.set(tensor, box);
}
