import type { WireEdges } from '../engine/wire-edges.ts';
import type { Graph } from '../graph/graph.ts';
import type { Dataflow } from '../planner/dataflow.ts';
import { MASTER, type PlannedShard, workersOf } from '../planner/plan.ts';
import { type Precision, type WireType, wireTypeOf } from '../tensor/precision.ts';
import type { TensorType } from '../tensor/tensor.ts';

/**
 * The types in which the master keeps the tensors of an inference. One that travels as float16 is kept as float16: it is
 * sliced and placed as it is, and what the master computes of it is converted in the engine's program. The model's own
 * inputs and outputs are as clients have them, sums are added up in float32, and int8 has a scale per region.
 */
export function heldTypes(
  { types, inputs, outputs }: Graph,
  { shards }: Pick<Dataflow, 'shards'>,
  wire: Precision,
): ReadonlyMap<string, TensorType> {
  if (wire !== 'float16') return types;
  const held = new Map(types);
  const fixed = new Set([...inputs, ...outputs]);
  for (const { planned } of shards) {
    for (const { tensor, join } of planned.shard.outputs) if (join === 'sum') fixed.add(tensor);
  }
  for (const { planned } of shards) {
    if (!isRemote(planned)) continue;
    for (const { tensor } of [...planned.shard.inputs, ...planned.shard.outputs]) {
      const type = types.get(tensor);
      if (type && !fixed.has(tensor)) held.set(tensor, wireTypeOf(type, wire));
    }
  }
  return held;
}

/** What the master's own run of a shard reads and writes. */
export function heldEdges({ shard }: PlannedShard, held: ReadonlyMap<string, TensorType>): WireEdges {
  const { types, inputs, outputs } = shard.program;
  // a tensor whose shape no one knows never travels
  const typeOf = (name: string, tensor: string): WireType | undefined => {
    const own = types.get(name);
    return own && { shape: own.shape, dtype: held.get(tensor)?.dtype ?? own.dtype };
  };
  return {
    inputs: inputs.map((name, at) => typeOf(name, shard.inputs[at]!.tensor)),
    outputs: outputs.map((name, at) => typeOf(name, shard.outputs[at]!.tensor)),
  };
}

/** The regions of a shard as they travel, in the order of its program. */
export function wireEdges({ shard }: PlannedShard, wire: Precision) {
  const { types, inputs, outputs } = shard.program;
  const typeOf = (name: string) => wireTypeOf(types.get(name)!, wire);
  return { inputs: inputs.map(typeOf), outputs: outputs.map(typeOf) };
}

/** True where an agent may run it. */
export function isRemote(planned: PlannedShard): boolean {
  return workersOf(planned).some((worker) => worker !== MASTER);
}
