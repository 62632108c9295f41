import type { Engine } from '../engine/engine.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface Difference {
  /** Largest |a - b| over all elements of all outputs. */
  readonly maxAbsDifference: number;
  /** Largest, over the outputs, of that divided by the output's own largest magnitude. */
  readonly maxRelativeDifference: number;
}

/** How far `got` is from `wanted`, by output name. An element that is a number in one only is infinitely far. */
export function differenceOf(
  got: ReadonlyMap<string, Tensor>,
  wanted: ReadonlyMap<string, Tensor>,
): Difference {
  let maxAbsDifference = 0;
  let maxRelativeDifference = 0;
  for (const [name, tensor] of wanted) {
    const a = got.get(name)?.data ?? [];
    const b = tensor.data;
    let largest = 0;
    let magnitude = 0;
    if (a.length !== b.length) largest = Number.POSITIVE_INFINITY;
    for (let at = 0; at < b.length; at += 1) {
      const [x, y] = [Number(a[at]), Number(b[at])];
      if (Number.isFinite(y)) magnitude = Math.max(magnitude, Math.abs(y));
      if (x === y || Object.is(x, y)) continue;
      const apart = Math.abs(x - y);
      largest = Math.max(largest, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart);
    }
    maxAbsDifference = Math.max(maxAbsDifference, largest);
    if (largest > 0) maxRelativeDifference = Math.max(maxRelativeDifference, largest / magnitude);
  }
  return { maxAbsDifference, maxRelativeDifference };
}

export interface LocalResult {
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Of the last run, without preparing the model. */
  readonly totalMs: number;
}

/** Runs the whole model here, as one program: the oracle for every distributed run. */
export async function runLocally(
  engine: Engine,
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
  runs = 1,
): Promise<LocalResult> {
  await engine.start();
  const program = await engine.compile(graph);
  try {
    const given = graph.inputs.map((name) => inputs.get(name)!);
    for (let run = 1; ; run += 1) {
      const started = performance.now();
      const { outputs } = await program.run(given);
      const totalMs = performance.now() - started;
      if (run < runs) continue;
      return { outputs: new Map(graph.outputs.map((name, at) => [name, outputs[at]!])), totalMs };
    }
  } finally {
    await program.dispose();
  }
}
