import type { Graph } from '../graph/graph.ts';
import { type Region, sameRegion } from '../tensor/region.ts';
import type { Joined, Priced, TensorRegion } from './shard.ts';
import { bytesOfRegion, type PricedPart, workOf } from './work.ts';

/** What the estimator asks of a shard, from the regions alone: no program is written, no constant is read. */
export function priceOf(
  graph: Graph,
  parts: readonly PricedPart[],
  inputs: readonly TensorRegion[],
  outputs: readonly Joined[],
): Priced {
  const type = ({ tensor }: TensorRegion) => graph.types.get(tensor)?.dtype ?? 'float32';
  const work = workOf(parts);
  let macs = 0;
  for (const each of work) macs += each.macs;
  return {
    inputs,
    outputs,
    work,
    macs,
    filterBytes: heldBytes(graph, parts),
    inputBytes: bytesOf(graph, inputs),
    outputBytes: bytesOf(graph, outputs),
    inputTypes: inputs.map(type),
    outputTypes: outputs.map(type),
  };
}

function bytesOf(graph: Graph, regions: readonly TensorRegion[]): number[] {
  const bytes: number[] = [];
  for (const { tensor, region } of regions) bytes.push(bytesOfRegion(graph, tensor, region));
  return bytes;
}

/** A constant that is cut twice in the same way is held once. */
function heldBytes(graph: Graph, parts: readonly PricedPart[]): number {
  const repeated = repeatedConstants(graph);
  const held = new Map<string, Region[]>();
  let bytes = 0;
  for (const { node, inputs, work } of parts) {
    bytes += work.filterBytes;
    if (repeated.size === 0) continue;
    for (let at = 0; at < inputs.length; at += 1) {
      const tensor = node.inputs[at]!;
      const region = inputs[at];
      if (!region || !repeated.has(tensor)) continue;
      const cuts = held.get(tensor);
      if (!cuts) held.set(tensor, [region]);
      else if (cuts.some((cut) => sameRegion(cut, region))) bytes -= bytesOfRegion(graph, tensor, region);
      else cuts.push(region);
    }
  }
  return bytes;
}

const REPEATED = new WeakMap<Graph, ReadonlySet<string>>();

/** The constants that are read in more than one place: few models have any. */
function repeatedConstants(graph: Graph): ReadonlySet<string> {
  let repeated = REPEATED.get(graph);
  if (!repeated) {
    const read = graph.nodes.flatMap(({ inputs }) => inputs.filter((name) => graph.initializers.has(name)));
    const once = new Set<string>();
    repeated = new Set(read.filter((name) => once.size === once.add(name).size));
    REPEATED.set(graph, repeated);
  }
  return repeated;
}
