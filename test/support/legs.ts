import type { CompiledProgram, Engine } from '../../src/engine/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { Rates } from '../../src/partition/scheme.ts';
import type { Leg, Shard } from '../../src/partition/shard.ts';
import { place, slice } from '../../src/tensor/copy.ts';
import { type Range, type Region, regionShape } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

/** Where nothing but computing takes time: then every place that makes the halo smaller is worth an exchange. */
export const EXCHANGE_IS_FREE: Rates = {
  node: ({ macs, bytes }) => 1e-10 * (macs + bytes),
  run: 0,
  inputByte: 1e-9,
  message: 0,
  byte: 0,
  copiedByte: 0,
};

/** The outputs of shards that exchange pieces, by shard: leg after leg in one process, only by what the legs say of themselves. */
export async function runInLegs(
  engine: Engine,
  shards: readonly Shard[],
  inputsOf: (shard: Shard) => readonly Tensor[],
): Promise<Tensor[][]> {
  const results = shards.map((shard) => inputsOf(shard));
  for (let at = 0; at < shards[0]!.legs!.length; at += 1) {
    const legs = shards.map((shard) => shard.legs![at]!);
    const made = results.slice();
    for (const [own, leg] of legs.entries()) {
      const inputs = at === 0 ? results[own]! : [assembled(shards, at, own, results)];
      made[own] = await runOnce(engine, leg.part.program, inputs);
    }
    made.forEach((outputs, own) => {
      results[own] = outputs;
    });
  }
  return results.map((outputs) => [...outputs]);
}

/** What leg `at` of shard `own` reads: its rows, and those that others sent. */
function assembled(
  shards: readonly Shard[],
  at: number,
  own: number,
  results: readonly (readonly Tensor[])[],
): Tensor {
  const leg = shards[own]!.legs![at]!;
  const { region } = leg.part.inputs[0]!;
  const input = Tensor.zeros(results[own]![0]!.dtype, regionShape(region));
  const put = (from: number, piece: Region) => {
    const made = shards[from]!.legs![at - 1]!.part.outputs[0]!.region;
    const { data } = slice(results[from]![0]!, within(piece, made));
    place(input.data, input.shape, within(piece, region), data);
  };
  if (leg.kept) put(own, leg.kept);
  for (const { shard, region: piece } of leg.receives) {
    if (!isSent(shards[shard]!.legs![at - 1]!, own, piece)) throw new Error(`${shard} sends no ${piece}`);
    put(shard, piece);
  }
  return input;
}

const isSent = ({ sends }: Leg, to: number, region: Region) =>
  sends.some((piece) => piece.shard === to && String(piece.region) === String(region));

/** The region as it lies in a tensor that holds `whole` only. */
function within(region: Region, whole: Region): Region {
  return region.map(([start, end], axis): Range => [start - whole[axis]![0], end - whole[axis]![0]]);
}

export async function runOnce(
  engine: Engine,
  graph: Graph,
  inputs: readonly Tensor[],
): Promise<readonly Tensor[]> {
  const program: CompiledProgram = await engine.compile(graph);
  const { outputs } = await program.run(inputs).finally(() => program.dispose());
  return outputs;
}
