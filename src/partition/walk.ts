import type { Graph, Node } from '../graph/graph.ts';
import type { Range, Region } from '../tensor/region.ts';
import { KnownParts } from './known-parts.ts';
import { reductionOf } from './rules/index.ts';
import type { PartialSum } from './rules/rule.ts';
import type { Run } from './run.ts';
import type { TensorRegion } from './shard.ts';
import type { PricedPart } from './work.ts';

/** What a shard is to make. */
export interface Goals {
  /** Regions that go to their place. */
  readonly placed: readonly TensorRegion[];
  /** The partial sum of a layer's whole output (or of a range of its filters) over a range of its input channels. */
  readonly sum?: { readonly node: Node; readonly region: Region; readonly channels: Range };
}

/** What it takes to reach the goals. */
export interface Walk {
  /** In the order in which they run. */
  readonly steps: PricedPart[];
  readonly sums: readonly PartialSum[];
  /** The first outputs of the steps. */
  readonly made: ReadonlySet<string>;
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
export function walkBack(run: Pick<Run, 'graph' | 'nodes' | 'known'>, goals: Goals): Walk {
  const { graph, nodes } = run;
  const known = run.known ?? new KnownParts(graph);
  const needed = new Map<string, Region>();
  const made = new Set<string>();
  const steps: PricedPart[] = [];
  for (const { tensor, region } of goals.placed) widen(needed, tensor, known.canonical(region), known);
  const sums = sumsOf(graph, goals);
  for (const { inputs } of sums) needInputs(graph, needed, goals.sum!.node, known.canonicals(inputs), known);
  for (let at = nodes.length - 1; at >= 0; at -= 1) {
    const node = nodes[at]!;
    const output = node.outputs[0]!;
    const region = needed.get(output);
    const others = othersNeeded(node, needed);
    if (!region && !others) continue;
    const part = region && !others ? known.of(node, region) : undefined;
    if (!part) return { steps, sums, made, needed, stuck: node };
    needInputs(graph, needed, node, part.inputs, known);
    steps.push(part);
    made.add(output);
  }
  return { steps: steps.reverse(), sums, made, needed, stuck: undefined };
}

/** Rules make a node's first output only. */
function othersNeeded({ outputs }: Node, needed: ReadonlyMap<string, Region>): boolean {
  for (let at = 1; at < outputs.length; at += 1) if (needed.has(outputs[at]!)) return true;
  return false;
}

function needInputs(
  { initializers }: Graph,
  needed: Map<string, Region>,
  { inputs }: Node,
  regions: readonly (Region | undefined)[],
  known: KnownParts,
): void {
  for (let at = 0; at < regions.length; at += 1) {
    const tensor = inputs[at]!;
    const region = regions[at];
    if (region && !initializers.has(tensor)) widen(needed, tensor, region, known);
  }
}

function sumsOf(graph: Graph, { sum }: Goals): readonly PartialSum[] {
  if (!sum) return [];
  return reductionOf({ graph, node: sum.node, region: sum.region }, sum.channels)!;
}

/** Grows the needed region of a tensor to the box that holds both. Regions are canonical. */
function widen(needed: Map<string, Region>, tensor: string, region: Region, known: KnownParts): void {
  const before = needed.get(tensor);
  if (before === region) return;
  needed.set(tensor, before ? known.canonical(boxOf(before, region)) : region);
}

function boxOf(a: Region, b: Region): Region {
  return a.map((range, axis): Range => {
    const other = b[axis]!;
    return [Math.min(range[0], other[0]), Math.max(range[1], other[1])];
  });
}
