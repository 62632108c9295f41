import { afterEach, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { zooModel } from '../../src/zoo/zoo.ts';
import { TestCluster } from '../support/cluster.ts';
import { runWhole } from '../support/execute.ts';

const graph = inferTypes(simplify(inferTypes(zooModel('squeezenet').graph)));
const image = Tensor.float32(
  [1, 3, 224, 224],
  Float32Array.from({ length: 150_528 }, (_, at) => Math.sin(at)),
);
const inputs = new Map([['image', image]]);

describe('an inference on a cluster', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  for (const scheme of ['input-depth', 'output-depth', 'depth-grid']) {
    it(`equals the whole model, cut by ${scheme} over 4 agents`, async () => {
      cluster = new TestCluster();
      await cluster.start([{ name: 'squeezenet', graph, strategy: 'depth', scheme }], 4);
      const result = await cluster.master.infer('squeezenet', 'r1', inputs);
      expect(result.degraded).toBe(false);
      await expectWhole(result.outputs);
    });
  }
});

async function expectWhole(outputs: ReadonlyMap<string, Tensor>): Promise<void> {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  await engine.start();
  const want = await runWhole(engine, graph, inputs);
  await engine.stop();
  for (const [name, tensor] of want) {
    const got = outputs.get(name)!.data as Float32Array;
    const largest = (tensor.data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    (tensor.data as Float32Array).forEach((value, at) => {
      expect(Math.abs(got[at]! - value)).toBeLessThanOrEqual(1e-4 * largest);
    });
  }
}
