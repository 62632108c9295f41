import { afterEach, describe, expect, it } from '@jest/globals';
import { type EngineName, engineNamed } from '../../src/engine/engines.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { isDistributed } from '../../src/planner/plan.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { TestCluster } from '../support/cluster.ts';
import { runWhole } from '../support/execute.ts';
import { qdqModel } from '../support/quantised-models.ts';

/** Convolutions with a scale per filter, a residual Add, pooling, Concat and a dense layer. */
const model = qdqModel({ activation: 'uint8', filters: 'int8', bias: 'int32', scales: [3, 6, 9, 12] });
const graph = inferTypes(simplify(inferTypes(model)));
const image = Tensor.float32(
  [1, 3, 8, 8],
  Float32Array.from({ length: 192 }, (_, at) => 2 * Math.sin(1.7 * at)),
);
const inputs = new Map([['x', image]]);

async function wholeOn(name: EngineName) {
  const engine = engineNamed(name, { threads: 1 });
  await engine.start();
  const outputs = await runWhole(engine, inferTypes(model), inputs);
  await engine.stop();
  return outputs;
}

describe('a quantised model with residual branches, through a master and three agents', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  it.each([
    ['onnxruntime', 'output-depth', 'float32'],
    ['onnxruntime', 'rows', 'float32'],
    ['onnxruntime', 'tiles', 'float32'],
    // what is quantised travels as it is: a narrow wire changes none of it
    ['onnxruntime', 'output-depth', 'float16'],
    ['onnxruntime', 'output-depth', 'int8'],
    ['tfjs-wasm', 'output-depth', 'float32'],
    ['tfjs-wasm', 'rows', 'float32'],
  ] as const)('on %s, cut by %s over %s: every bit as the whole', async (name, scheme, wire) => {
    const engine = () => engineNamed(name, { threads: 1 });
    cluster = new TestCluster();
    await cluster.start([{ name: 'net', graph, strategy: 'depth', scheme, wire }], 3, {
      engine: engine(),
      agentOf: () => ({ engine: engine() }),
    });
    const { plan } = cluster.master.deployment('net')!;
    const distributed = plan.stages.filter(isDistributed);
    expect(distributed.length).toBeGreaterThan(0);
    for (const { shards } of distributed)
      for (const { shard } of shards)
        for (const { tensor } of [...shard.inputs, ...shard.outputs])
          expect(graph.types.get(tensor)!.dtype).toBe('uint8');
    const { outputs, degraded } = await cluster.master.infer('net', 'r', inputs);
    expect(degraded).toBe(false);
    const [want] = (await wholeOn(name)).values();
    const [got] = outputs.values();
    expect(got!.data).toEqual(want!.data);
    expect(new Set(want!.data as Float32Array).size).toBeGreaterThan(2);
  });
});
