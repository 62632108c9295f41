import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { IsobathClient } from '../../src/client/client.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { readNpy, writeNpy } from '../../src/formats/npy.ts';
import { encodeTensor } from '../../src/formats/onnx/index.ts';
import { loadVersion } from '../../src/repository/load.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MemoryBus } from '../../src/transport/memory-bus.ts';
import { cli } from '../support/cli.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { ints } from '../support/graphs.ts';
import { model, node, value } from '../support/onnx-model.ts';
import { runOnnx } from '../support/onnxruntime.ts';
import { numbers } from '../support/operators.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** A detector that selects its own boxes: its one output has another length in every run. */
function selecting(): Uint8Array {
  const constants: Record<string, Tensor> = {
    ...{ boxKernel: numbers([4, 3, 8, 8], 2), scoreKernel: numbers([2, 3, 8, 8], 3) },
    ...{ boxShape: ints(1, 4, 16), scoreShape: ints(1, 2, 16), most: ints(5) },
    ...{ overlap: Tensor.float32([1], [0.5]), least: Tensor.float32([1], [0.9]) },
  };
  const strides = { strides: { type: 7, ints: [8n, 8n] } };
  return model({
    node: [
      node('Conv', ['x', 'boxKernel'], ['b'], strides),
      node('Reshape', ['b', 'boxShape'], ['rows']),
      node('Transpose', ['rows'], ['boxes'], { perm: { type: 7, ints: [0n, 2n, 1n] } }),
      node('Conv', ['x', 'scoreKernel'], ['s'], strides),
      node('Sigmoid', ['s'], ['sure']),
      node('Reshape', ['sure', 'scoreShape'], ['scores']),
      node('NonMaxSuppression', ['boxes', 'scores', 'most', 'overlap', 'least'], ['selected']),
    ],
    input: [value('x', [1, 3, 32, 32])],
    output: [value('selected', [undefined, 3], 7)],
    initializer: Object.entries(constants).map(([name, tensor]) => encodeTensor(name, tensor)),
  });
}

describe('a model whose output has another shape in every run', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder, 'nms.onnx');
    await writeFile(file, selecting());
  });
  /** What onnxruntime gives for the picture of a seed. */
  const wanted = async (seed: number) => {
    const x = numbers([1, 3, 32, 32], seed);
    return { x, selected: (await runOnnx(selecting(), { x }))['selected']! };
  };

  it('is inspected: the output has a name, and no shape', async () => {
    const { code, stdout, stderr } = await cli('inspect', file, '--json');
    expect([code, stderr]).toEqual([0, '']);
    const { outputs, layers } = JSON.parse(stdout);
    expect(outputs).toEqual([{ name: 'selected', dtype: null, shape: null }]);
    expect(layers.at(-1)).toMatchObject({ op: 'NonMaxSuppression', output: null });
    const { stdout: text } = await cli('inspect', file);
    expect(text).toContain('Output  selected: a shape that only a run tells');
  });

  it('gives here what onnxruntime gives', async () => {
    const { x, selected } = await wanted(1);
    const [input, saved] = [join(folder, 'x.npy'), join(folder, 'y.npy')];
    await writeFile(input, writeNpy(x));
    const { code, stderr } = await cli('infer', file, input, '--local', '--save', saved);
    expect([code, stderr]).toEqual([0, '']);
    expect(readNpy(await readFile(saved))).toEqual(selected);
    expect(await cli('verify', file, '--agents', '2', '--input', input)).toMatchObject({ code: 0 });
  });

  it('is imported with golden outputs, served when it gives them, and answers clients', async () => {
    const models = join(folder, 'models');
    const { code, stderr } = await cli('import', file, '--models', models, '--golden', 'random', '--json');
    expect([code, stderr]).toEqual([0, '']);
    const engine = new OnnxruntimeEngine({ threads: 1 });
    const version = await loadVersion(join(models, 'nms/1'), engine);
    await engine.stop();
    expect(version.golden[0]?.outputs.get('selected')?.dtype).toBe('int64');
    const cluster = await new TestCluster().start([{ name: 'nms', ...version, strategy: 'depth' }], 2);
    const client = new IsobathClient({ bus: new MemoryBus(cluster.hub), cluster: CLUSTER });
    try {
      await client.start();
      const lengths = new Set<number>();
      for (const seed of [1, 2, 3, 4]) {
        const { x, selected } = await wanted(seed);
        const { outputs, summary } = await client.infer('nms', { tensors: new Map([['x', x]]) });
        expect(outputs.get('selected')).toEqual(selected);
        expect(summary.agents).toBe(2);
        lengths.add(selected.shape[0]!);
      }
      expect(lengths.size).toBeGreaterThan(1);
    } finally {
      await client.stop();
      await cluster.stop();
    }
  });
});
