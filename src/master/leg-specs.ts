import { type Graph, knownTypeOf } from '../graph/graph.ts';
import type { Leg, Shard } from '../partition/shard.ts';
import type { PlannedShard } from '../planner/plan.ts';
import { type Range, type Region, regionShape } from '../tensor/region.ts';
import type { TensorType } from '../tensor/tensor.ts';
import { type BlobRef, type Box, boxOf, type LegExchange, type ShardLeg } from '../wire/messages/control.ts';
import type { PackedProgram, ProgramPacker } from './packed-program.ts';

/** In the order in which they run: one, or those of the legs. */
export function programsOf({ program, legs }: Shard): Graph[] {
  return legs?.map(({ part }) => part.program) ?? [program];
}

/** A filter that two legs read travels once. */
export function packShard(packer: ProgramPacker, shard: Shard): PackedProgram {
  if (!shard.legs) return packer.pack(shard.program);
  const packed = programsOf(shard).map((program) => packer.pack(program));
  const filters = new Map(packed.flatMap((each) => each.filters.map((blob) => [blob.sha256, blob] as const)));
  const [first, ...later] = packed.map(({ program }) => program);
  return { program: first!, filters: [...filters.values()], later };
}

/** The legs of shard `index` as its agent is told of them. */
export function shippedLegs(
  shards: readonly PlannedShard[],
  index: number,
  programs: readonly BlobRef[],
): ShardLeg[] {
  return exchangesOf(shards, index).map((exchange, at) => ({ ...exchange, program: programs[at]! }));
}

/**
 * What lies between the legs of shard `index` of a stage, in the terms of its own tensors: a region of the graph's tensor
 * becomes one of the part that the worker has.
 */
export function exchangesOf(shards: readonly PlannedShard[], index: number): LegExchange[] {
  const legs = shards[index]!.shard.legs!;
  return legs.slice(1).map((leg, at) => {
    const before = legs[at]!;
    const made = before.part.outputs[0]!.region;
    const read = leg.part.inputs[0]!.region;
    const { kept } = leg;
    return {
      result: outputType(before),
      sends: before.sends.map(({ shard, region }) => ({
        to: shard,
        worker: shards[shard]!.worker,
        region: within(region, made),
      })),
      input: inputType(leg),
      ...(kept ? { kept: { from: within(kept, made), to: within(kept, read) } } : {}),
      receives: leg.receives.map(({ shard, region }) => ({ from: shard, region: within(region, read) })),
    };
  });
}

function inputType({ part }: Leg): TensorType {
  const { dtype } = knownTypeOf(part.program.types, part.program.inputs[0]!);
  return { dtype, shape: regionShape(part.inputs[0]!.region) };
}

function outputType({ part }: Leg): TensorType {
  const { dtype } = knownTypeOf(part.program.types, part.program.outputs[0]!);
  return { dtype, shape: regionShape(part.outputs[0]!.region) };
}

/** The region as it lies in a tensor that is `whole` and no more. */
function within(region: Region, whole: Region): Box {
  return boxOf(region.map(([start, end], axis): Range => [start - whole[axis]![0], end - whole[axis]![0]]));
}
