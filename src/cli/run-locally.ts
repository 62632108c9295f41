import type { Engine } from '../engine/engine.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface LocalResult {
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Of the last run, without preparing the model. */
  readonly totalMs: number;
}

export interface LocalOptions {
  /** Default 1. */
  readonly runs?: number;
  /** True where nobody reads the inputs afterwards, so that they need not be copied. */
  readonly consume?: boolean;
}

/** Runs the whole model here, as one program: the oracle for every distributed run. */
export async function runLocally(
  engine: Engine,
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
  { runs = 1, consume = false }: LocalOptions = {},
): Promise<LocalResult> {
  await engine.start();
  const program = await engine.compile(graph);
  try {
    const given = graph.inputs.map((name) => inputs.get(name)!);
    for (let run = 1; ; run += 1) {
      const started = performance.now();
      const { outputs } = await program.run(given, { consume: consume && run === runs });
      const totalMs = performance.now() - started;
      if (run < runs) continue;
      return { outputs: new Map(graph.outputs.map((name, at) => [name, outputs[at]!])), totalMs };
    }
  } finally {
    await program.dispose();
  }
}
