import { afterEach, describe, expect, it } from '@jest/globals';
import { noiseOf } from '../../src/engine/noise.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../src/engine/prepare.ts';
import { checkGolden } from '../../src/repository/golden.ts';
import { differenceOf } from '../../src/tensor/difference.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { TestCluster } from '../support/cluster.ts';
import { runWhole } from '../support/execute.ts';
import { sureModel } from '../support/sure-model.ts';

describe('golden outputs that are as small as rounding', () => {
  let cluster: TestCluster | undefined;
  afterEach(() => cluster?.stop());

  it('are those of a version that serves, and others are not', async () => {
    const engine = new OnnxruntimeEngine({ threads: 1 });
    await engine.start();
    const { graph: original, inputs } = sureModel();
    const graph = await prepareGraph(original, engine);
    const outputs = await runWhole(engine, graph, inputs);
    const golden = [{ inputs, outputs, tolerance: 1e-4 }];
    const model = { name: 'sure', graph, strategy: 'depth', scheme: 'input-depth' };
    cluster = await new TestCluster().start([{ ...model, golden }], 2);
    const answer = await cluster.master.infer('sure', 'r', inputs);
    expect(differenceOf(answer.outputs, outputs).maxRelativeDifference).toBeGreaterThan(1e-4);

    const larger = [...outputs].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      Tensor.float32(
        [...shape],
        Float32Array.from(data as Float32Array, (value) => value * 1.5),
      ),
    ]);
    const wrong = { ...model, golden: [{ inputs, outputs: new Map(larger), tolerance: 1e-4 }] };
    const checked = checkGolden(
      wrong,
      async () => answer.outputs,
      (given) => noiseOf(engine, graph, given),
    );
    await expect(checked).rejects.toMatchObject({
      code: 'ISO_ERR_GOLDEN_MISMATCH',
      message: expect.stringContaining('times what rounding does to this model here'),
    });
    await engine.stop();
  });
});
