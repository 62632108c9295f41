import type { Engine } from '../../src/engine/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { macsOf } from '../../src/graph/macs.ts';
import type { Run } from '../../src/partition/run.ts';
import type { Assignment } from '../../src/partition/scheme.ts';
import type { Shard } from '../../src/partition/shard.ts';
import { accumulate, place, slice } from '../../src/tensor/copy.ts';
import { type Region, regionShape, regionSize, sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { runWhole } from './execute.ts';
import { runInLegs, runOnce } from './legs.ts';

/** Every tensor of the graph: the oracle for any run of its nodes. */
export async function runAll(
  engine: Engine,
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const outputs = graph.nodes.map((node) => node.outputs[0]!);
  return new Map([...inputs, ...(await runWhole(engine, { ...graph, outputs }, inputs))]);
}

/** The run's outputs, joined from its shards; what the shards read comes from `tensors`. */
export async function runShards(
  engine: Engine,
  run: Run,
  cut: readonly Assignment[],
  tensors: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const joined = new Map(
    run.outputs.map((name) => {
      const { dtype, shape } = run.graph.types.get(name)!;
      return [name, Tensor.zeros(dtype, shape)];
    }),
  );
  const partsOf = ({ inputs }: Shard) =>
    inputs.map(({ tensor, region }) => slice(tensors.get(tensor)!, region));
  const shards = cut.map(({ shard }) => shard);
  const inLegs = shards[0]?.legs ? await runInLegs(engine, shards, partsOf) : undefined;
  for (const [at, shard] of shards.entries()) {
    const outputs = inLegs?.[at] ?? (await runOnce(engine, shard.program, partsOf(shard)));
    shard.outputs.forEach(({ tensor, region, join }, at) => {
      const { data, shape } = joined.get(tensor)!;
      const part = outputs[at]!;
      expectShape(part, region);
      if (join === 'place') place(data, shape, region, part.data);
      else accumulate(data as Float32Array, shape, region, part.data as Float32Array);
    });
  }
  return joined;
}

function expectShape({ shape }: Tensor, region: Region): void {
  const want = regionShape(region);
  if (String(shape) !== String(want)) throw new Error(`a shard gave [${shape}] for a region of [${want}]`);
}

/** What is wrong with the way in which the shards' outputs cover the run's; undefined where each element is made once. */
export function coverageFault(run: Run, cut: readonly Assignment[]): string | undefined {
  for (const tensor of run.outputs) {
    const { shape } = run.graph.types.get(tensor)!;
    const times = new Uint8Array(sizeOf(shape));
    const sums = new Set<string>();
    for (const { region, join } of cut.flatMap(({ shard }) =>
      shard.outputs.filter((o) => o.tensor === tensor),
    )) {
      const key = JSON.stringify(region);
      if (join === 'sum' && sums.has(key)) continue;
      if (join === 'sum') sums.add(key);
      const before = slice(Tensor.of('uint8', shape, times), region).data as Uint8Array;
      place(
        times,
        shape,
        region,
        Uint8Array.from({ length: regionSize(region) }, (_, at) => before[at]! + 1),
      );
    }
    const at = times.findIndex((count) => count !== 1);
    if (at >= 0) return `element ${at} of ${tensor} [${shape}] is made ${times[at]} times`;
  }
  const foreign = cut.flatMap(({ shard }) => shard.outputs).find((o) => !run.outputs.includes(o.tensor));
  return foreign && `${foreign.tensor} is no output of the run`;
}

/** What a shard's program says of its own price, to be compared with what was computed without it. */
export function pricedAgain({ program, legs }: Shard): { macs: number; filterBytes: number } {
  let macs = 0;
  let filterBytes = 0;
  for (const part of legs?.map((leg) => leg.part.program) ?? [program]) {
    for (const node of part.nodes) macs += macsOf(part, node);
    // the integers are shapes and bounds of slices, which the builder made
    for (const { dtype, byteLength } of part.initializers.values())
      if (dtype === 'float32') filterBytes += byteLength;
  }
  return { macs, filterBytes };
}
