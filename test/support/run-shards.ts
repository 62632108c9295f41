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
    run.outputs.map((name) => [name, Tensor.zeros('float32', run.graph.types.get(name)!.shape)]),
  );
  for (const { shard } of cut) {
    const program = await engine.compile(shard.program);
    const { outputs } = await program.run(
      shard.inputs.map(({ tensor, region }) => slice(tensors.get(tensor)!, region)),
    );
    shard.outputs.forEach(({ tensor, region, join }, at) => {
      const { data, shape } = joined.get(tensor)!;
      const part = outputs[at]!;
      expectShape(part, region);
      if (join === 'place') place(data, shape, region, part.data);
      else accumulate(data as Float32Array, shape, region, part.data as Float32Array);
    });
    await program.dispose();
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
export function pricedAgain({ program }: Shard): { macs: number; filterBytes: number } {
  let macs = 0;
  for (const node of program.nodes) macs += macsOf(program, node);
  let filterBytes = 0;
  // the integers are shapes and bounds of slices, which the builder made
  for (const { dtype, byteLength } of program.initializers.values())
    if (dtype === 'float32') filterBytes += byteLength;
  return { macs, filterBytes };
}
