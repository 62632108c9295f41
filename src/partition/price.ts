import type { Graph } from '../graph/graph.ts';
import { type Region, sameRegion } from '../tensor/region.ts';
import type { Joined, Priced, TensorRegion } from './shard.ts';
import { bytesOfRegion, type NodePart, workOf } from './work.ts';

/** What the estimator asks of a shard, from the regions alone: no program is written, no constant is read. */
export function priceOf(
  graph: Graph,
  parts: readonly NodePart[],
  inputs: readonly TensorRegion[],
  outputs: readonly Joined[],
): Priced {
  const work = workOf(graph, parts);
  const type = ({ tensor }: TensorRegion) => graph.types.get(tensor)?.dtype ?? 'float32';
  const bytes = ({ tensor, region }: TensorRegion) => bytesOfRegion(graph, tensor, region);
  return {
    inputs,
    outputs,
    work,
    macs: work.reduce((sum, { macs }) => sum + macs, 0),
    filterBytes: heldBytes(graph, parts),
    inputBytes: inputs.map(bytes),
    outputBytes: outputs.map(bytes),
    inputTypes: inputs.map(type),
    outputTypes: outputs.map(type),
  };
}

/** A constant that is cut twice in the same way is held once. */
function heldBytes(graph: Graph, parts: readonly NodePart[]): number {
  const held = new Map<string, Region[]>();
  let bytes = 0;
  for (const { node, inputs } of parts) {
    for (let at = 0; at < inputs.length; at += 1) {
      const [tensor, region] = [node.inputs[at]!, inputs[at]];
      if (!region || !graph.initializers.has(tensor)) continue;
      const cuts = held.get(tensor);
      if (cuts?.some((cut) => sameRegion(cut, region))) continue;
      if (cuts) cuts.push(region);
      else held.set(tensor, [region]);
      bytes += bytesOfRegion(graph, tensor, region);
    }
  }
  return bytes;
}
