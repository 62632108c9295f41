import { type Graph, inputTypeOf } from '../graph/graph.ts';
import { distancesOf } from '../tensor/difference.ts';
import type { Noise } from '../tensor/judgement.ts';
import { lazily } from '../tensor/lazy.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Engine } from './engine.ts';

/** Operators that multiply the input by filters, add up the products, and perhaps a bias. */
const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const SEEDS = [1, 2, 3] as const;
/** Operators that hand on elements of their first input, or of all of them (Concat), as they are. */
const HANDING_ON: ReadonlySet<string> = new Set([
  ...['Concat', 'Flatten', 'Gather', 'Identity', 'Reshape', 'Slice', 'Squeeze', 'Transpose', 'Unsqueeze'],
]);
/** One unit in the last place of a float32 from 0.5 to 1. */
const SIGMOID_STEP = 2 ** -24;

/**
 * What rounding alone does to the outputs of the whole model on `inputs`: their largest change when every float32 filter,
 * bias and input moves by one unit in the last place, up or down by chance. A sum of products in floating point, in whatever
 * order it is added up, is the exact sum with factors that moved by some such units (N. Higham, Accuracy and Stability of
 * Numerical Algorithms, 2nd edition, section 3.1), so a distributed run may differ by about that much without being wrong.
 * A Sigmoid is 0.5 and something in the arithmetic of engines, so its small values come in steps, which three runs may all miss: what
 * it makes has a noise of one unit in the last place below 1 at least. Runs the model four times. Throws ISO_ERR_ENGINE_COMPILE and ISO_ERR_ENGINE_RUN.
 */
export async function noiseOf(
  engine: Engine,
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<Noise> {
  await engine.start();
  const wanted = await runOnce(engine, graph, inputs);
  const noise = new Map(
    graph.outputs.flatMap((name) => (isOfSigmoid(graph, name) ? [[name, SIGMOID_STEP]] : [])),
  );
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

/** Whether the tensor holds what a Sigmoid gave, wherever it was moved since. */
function isOfSigmoid(graph: Graph, tensor: string): boolean {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const pending = [tensor];
  // a list that grows while it is walked
  for (const name of pending) {
    const maker = makers.get(name);
    if (maker?.op === 'Sigmoid') return true;
    if (maker && HANDING_ON.has(maker.op)) {
      const from = maker.op === 'Concat' ? maker.inputs : maker.inputs.slice(0, 1);
      pending.push(...from.filter((each) => !pending.includes(each)));
    }
  }
  return false;
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
