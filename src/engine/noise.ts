import { type Graph, inputTypeOf } from '../graph/graph.ts';
import { distancesOf } from '../tensor/difference.ts';
import type { Noise } from '../tensor/judgement.ts';
import { lazily } from '../tensor/lazy.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Engine } from './engine.ts';

/** Operators that multiply the input by filters, add up the products, and perhaps a bias. */
const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const SEEDS = [1, 2, 3] as const;

/**
 * What rounding alone does to the outputs of the whole model on `inputs`: their largest change when every float32 filter,
 * bias and input moves by one unit in the last place, up or down by chance. A sum of products in floating point, in whatever
 * order it is added up, is the exact sum with factors that moved by some such units (N. Higham, Accuracy and Stability of
 * Numerical Algorithms, 2nd edition, section 3.1), so a distributed run may differ by about that much without being wrong.
 * Runs the model four times. Throws ISO_ERR_ENGINE_COMPILE and ISO_ERR_ENGINE_RUN.
 */
export async function noiseOf(
  engine: Engine,
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<Noise> {
  await engine.start();
  const wanted = await runOnce(engine, graph, inputs);
  const noise = new Map<string, number>();
  for (const seed of SEEDS) {
    const given = new Map([...inputs].map(([name, tensor]) => [name, moved(tensor, seed)]));
    const got = await runOnce(engine, withMovedFilters(graph, seed), given);
    for (const { output, largest } of distancesOf(got, wanted)) {
      // what becomes no number, or has another shape, says nothing of the size of rounding
      if (Number.isFinite(largest)) noise.set(output, Math.max(noise.get(output) ?? 0, largest));
    }
  }
  return noise;
}

async function runOnce(
  engine: Engine,
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<ReadonlyMap<string, Tensor>> {
  const program = await engine.compile(graph);
  try {
    const given = graph.inputs.map((name) => {
      const { dtype, shape } = inputTypeOf(graph, name);
      return inputs.get(name) ?? Tensor.zeros(dtype, shape);
    });
    const { outputs } = await program.run(given);
    return new Map(outputs.map((output, at) => [graph.outputs[at] ?? '', output]));
  } finally {
    await program.dispose();
  }
}

/** Only what is multiplied and added moves: the scales of a Resize, moved, would change shapes. */
function withMovedFilters(graph: Graph, seed: number): Graph {
  const filters = new Set(
    graph.nodes.filter(({ op }) => WEIGHTED.has(op)).flatMap((node) => node.inputs.filter(Boolean)),
  );
  const initializers = new Map(
    [...graph.initializers].map(([name, tensor]) => [name, filters.has(name) ? moved(tensor, seed) : tensor]),
  );
  return { ...graph, initializers };
}

/** Each finite element but 0 one unit in the last place away from where it is. Deferred, so that one is held at a time. */
function moved(tensor: Tensor, seed: number): Tensor {
  if (tensor.dtype !== 'float32') return tensor;
  return lazily('float32', tensor.shape, () => {
    const values = Float32Array.from(tensor.data as Float32Array);
    const bits = new Int32Array(values.buffer);
    let state = seed;
    for (let at = 0; at < bits.length; at += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      const value = values[at];
      if (value !== 0 && Number.isFinite(value)) bits[at]! += state < 0 ? -1 : 1;
    }
    return values;
  });
}
