import { execFileSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { loadVersion } from '../../src/repository/load.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { coded } from '../support/code.ts';
import { seededGraph, versionFiles, writeFiles } from '../support/repository.ts';
import { SMALL_SHAPE } from '../support/small-model.ts';
import { temporaryFolder } from '../support/temporary.ts';

const engine = new OnnxruntimeEngine({ threads: 1 });
afterAll(() => engine.stop());
const graph = seededGraph(1);
const inputs = new Map([
  [
    'image',
    Tensor.float32(
      SMALL_SHAPE,
      Float32Array.from({ length: 2048 }, (_, at) => at),
    ),
  ],
]);
const outputs = new Map([[graph.outputs[0]!, Tensor.zeros('float32', [1, 10, 14, 14])]]);

describe('a version that is read', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  const load = () => loadVersion(folder, engine);
  const withManifest = (fields: object) => {
    const files = versionFiles(graph, { inputs, outputs });
    const manifest = { ...JSON.parse(String(files['manifest.json'])), ...fields };
    return writeFiles(folder, { ...files, 'manifest.json': JSON.stringify(manifest) });
  };

  it('has a graph, a manifest and golden cases', async () => {
    await writeFiles(folder, versionFiles(graph, { inputs, outputs }));
    const loaded = await load();
    expect(loaded.graph.outputs).toEqual(graph.outputs);
    expect(loaded.manifest).toMatchObject({ model: 'model.onnx', task: 'tensor', labels: [] });
    expect(loaded.golden.length).toBe(1);
    const [{ tolerance, ...tensors } = { tolerance: 0, inputs, outputs }] = loaded.golden;
    expect(tolerance).toBe(1e-3);
    expect(tensors.inputs.get('image')!.data).toEqual(inputs.get('image')!.data);
    expect(tensors.outputs.get(graph.outputs[0]!)!.data).toEqual(outputs.get(graph.outputs[0]!)!.data);
  });

  it('needs no manifest', async () => {
    const { 'manifest.json': _, ...files } = versionFiles(graph);
    await writeFiles(folder, files);
    expect(await load()).toMatchObject({ golden: [] });
  });

  it('without a model is an error, with a truncated one too', async () => {
    await expect(load()).rejects.toEqual(coded('ISO_ERR_MODEL_NOT_FOUND', 'model.onnx'));
    const model = versionFiles(graph)['model.onnx'] as Uint8Array;
    await writeFiles(folder, { 'model.onnx': model.subarray(0, model.length / 2) });
    await expect(load()).rejects.toEqual(coded('ISO_ERR_MODEL_MALFORMED'));
  });

  it('is not waited for where a named pipe takes the place of a file', async () => {
    execFileSync('mkfifo', [join(folder, 'model.onnx'), join(folder, 'manifest.json')]);
    await expect(load()).rejects.toEqual(coded('ISO_ERR_MODEL_NOT_FOUND'));
  });

  it.each([
    ['is not JSON', '{'],
    ['lacks fields', '{"name": "x"}'],
  ])('with a manifest that %s is an error', async (_, manifest) => {
    await writeFiles(folder, { ...versionFiles(graph), 'manifest.json': manifest });
    await expect(load()).rejects.toEqual(coded('ISO_ERR_MANIFEST_INVALID'));
  });

  it.each([
    ['an output that the model lacks', { outputs: { nothing: 'golden/output-0.npy' } }, 'names nothing'],
    ['no input', { inputs: { other: 'golden/input-0.npy' } }, 'lacks image'],
    ['a missing file', { inputs: { image: 'golden/none.npy' } }, 'none.npy cannot be read'],
    ['a path that leads out', { inputs: { image: '../x.npy' } }, 'golden[0].inputs'],
    ['a tolerance of 0', { tolerance: 0 }, 'golden[0].tolerance is 0'],
    ['a field that is none', { toleranz: 1 }, 'golden[0].toleranz'],
  ])('with a golden case that names %s is an error', async (_, fields, text) => {
    const name = graph.outputs[0]!;
    const files = { inputs: { image: 'golden/input-0.npy' }, outputs: { [name]: 'golden/output-0.npy' } };
    await withManifest({ golden: [{ ...files, tolerance: 0.1, ...fields }] });
    await expect(load()).rejects.toEqual(coded('ISO_ERR_MANIFEST_INVALID', text));
  });

  it('with a manifest that does not fit the model is an error, which tells what the model has', async () => {
    await withManifest({ task: 'classification', output: { name: 'probs', activation: 'none' } });
    await expect(load()).rejects.toEqual(coded('ISO_ERR_MANIFEST_INVALID', 'output.name is probs'));
    await withManifest({ task: 'classification', labels: ['one', 'two'] });
    await expect(load()).rejects.toEqual(
      coded('ISO_ERR_MANIFEST_INVALID', `outputs ${graph.outputs[0]} [1,`),
    );
  });

  it('does not show files from elsewhere', async () => {
    const elsewhere = await temporaryFolder();
    await writeFiles(elsewhere, versionFiles(graph, { inputs, outputs }));
    await symlink(join(elsewhere, 'model.onnx'), join(folder, 'model.onnx'));
    await expect(load()).rejects.toEqual(coded('ISO_ERR_MODEL_NOT_FOUND'));
    const inner = await temporaryFolder();
    folder = inner;
    await writeFiles(inner, versionFiles(graph));
    await symlink(join(elsewhere, 'golden'), join(inner, 'golden'));
    await writeFiles(inner, {
      'manifest.json': JSON.stringify({
        ...{ name: 'x', version: '1', model: 'model.onnx', task: 'tensor' },
        golden: [
          {
            inputs: { image: 'golden/input-0.npy' },
            outputs: { [graph.outputs[0]!]: 'golden/output-0.npy' },
            tolerance: 1,
          },
        ],
      }),
    });
    await expect(load()).rejects.toEqual(coded('ISO_ERR_MANIFEST_INVALID', 'outside the folder'));
  });

  it('takes the sizes of open inputs from its manifest', async () => {
    await withManifest({ golden: [], shapes: { image: [1, 8, 4, 4] } });
    // the model states its size: the manifest must not say another one
    await expect(load()).rejects.toEqual(coded('ISO_ERR_INPUT_MISMATCH'));
    await withManifest({ golden: [], shapes: { image: SMALL_SHAPE } });
    expect((await load()).graph.types.get('image')!.shape).toEqual(SMALL_SHAPE);
    await withManifest({ shapes: { image: [0] } });
    await expect(load()).rejects.toEqual(coded('ISO_ERR_MANIFEST_INVALID', 'shapes is'));
  });
});
