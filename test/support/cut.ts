import type { Engine } from '../../src/engine/engine.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { shardOf } from '../../src/partition/cut.ts';
import type { TensorRegion } from '../../src/partition/shard.ts';
import { slice } from '../../src/tensor/copy.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { runWhole } from './execute.ts';
import { difference, type Tolerance } from './onnxruntime.ts';

/** Every region of the graph's outputs that a shard makes of these nodes must be that region of the whole output. */
export class CutCheck {
  cut = 0;
  refused = 0;
  readonly #engine: Engine;
  readonly #tolerance: Tolerance;

  constructor(engine: Engine, tolerance: Tolerance = { relative: 1e-5, absolute: 1e-5 }) {
    this.#engine = engine;
    this.#tolerance = tolerance;
  }

  async check(
    graph: Graph,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly TensorRegion[],
    nodes: readonly Node[] = graph.nodes,
  ): Promise<void> {
    const shard = shardOf({ graph, nodes }, { placed: outputs });
    if (!shard) {
      this.refused += 1;
      return;
    }
    this.cut += 1;
    const whole = await runWhole(this.#engine, graph, inputs);
    const program = await this.#engine.compile(shard.program);
    const parts = shard.inputs.map(({ tensor, region }) => slice(inputs.get(tensor)!, region));
    const { outputs: got } = await program.run(parts).finally(() => program.dispose());
    for (const [at, { tensor, region }] of outputs.entries()) {
      const want = slice(whole.get(tensor)!, region);
      const made = Tensor.of(got[at]!.dtype, [...got[at]!.shape], got[at]!.data);
      const differs = difference(made, want, this.#tolerance);
      if (differs) throw new Error(`${tensor} [${region.join(' | ')}]: ${differs}`);
    }
  }
}
