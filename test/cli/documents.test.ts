import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readNpy } from '../../src/formats/npy.ts';
import { cli } from '../support/cli.ts';

describe('documents of --json', () => {
  it('models: what is bundled, and the zoo', async () => {
    const { stdout, code } = await cli('models', '--json');
    const { bundled, zoo } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(bundled).toContainEqual({
      name: 'street',
      task: 'classification',
      labels: 12,
      license: 'Apache-2.0',
    });
    expect(zoo.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining([
        'zoo:vgg16',
        'zoo:resnet50',
        'zoo:inception-v3',
        'zoo:mobilenet-v2',
        'zoo:squeezenet',
      ]),
    );
  });

  it('engines: what loads here with its speed, and why another does not', async () => {
    const { stdout, code } = await cli('engines', '--threads', '1', '--json');
    const { engines, auto } = JSON.parse(stdout);
    expect(code).toBe(0);
    const names = engines.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['onnxruntime', 'tfjs-node', 'tfjs-wasm']);
    for (const { loads, version, threads, gflops, reason } of engines) {
      if (loads) expect([typeof version, threads, gflops > 0]).toEqual(['string', 1, true]);
      else expect(reason).toMatch(/does not load here/);
    }
    expect(names).toContain(auto);
  });

  it('inspect: layers, and totals that agree with the publication', async () => {
    const { stdout } = await cli('inspect', 'zoo:vgg16', '--json');
    const { model, inputs, totals, layers } = JSON.parse(stdout);
    expect([model, inputs]).toEqual([
      'zoo:vgg16',
      [{ name: 'image', dtype: 'float32', shape: [1, 3, 224, 224] }],
    ]);
    expect(totals).toEqual({ layers: layers.length, macs: 15_470_264_320, filterBytes: 4 * 138_357_544 });
    expect(layers[0]).toEqual({
      name: expect.any(String),
      op: 'Conv',
      nodes: 1,
      inputs: [[1, 3, 224, 224]],
      output: [1, 64, 224, 224],
      macs: 86_704_128,
      filterBytes: 4 * (64 * 27 + 64),
      depth: { input: 3, output: 64 },
      schemes: ['input-depth', 'output-depth', 'depth-grid', 'rows', 'columns', 'tiles', 'replica'],
    });
  });

  it('inspect: text has no colours in a pipe', async () => {
    const { stdout } = await cli('inspect', 'street');
    expect(stdout).toMatch(/^Layer +Operator/);
    expect(stdout).not.toContain('\x1b');
  });

  it('infer --local: the answer, and the output where it is to be saved', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isobath-save-'));
    const file = join(folder, 'out.npy');
    const sample = 'models/street/samples/bicycle.png';
    const { stdout, code } = await cli(
      'infer',
      'street',
      sample,
      '--local',
      '--json',
      '--top',
      '2',
      '--save',
      file,
    );
    const { top, outputs, ...rest } = JSON.parse(stdout);
    expect([code, top.length, top[0].label]).toEqual([0, 2, 'bicycle']);
    expect(rest).toMatchObject({ model: 'street', input: sample, agents: 0, degraded: false, stages: [] });
    const saved = readNpy(await readFile(file));
    expect([saved.dtype, saved.shape]).toEqual([outputs[0].dtype, outputs[0].shape]);
    expect(saved.data[top[0].index]).toBeCloseTo(top[0].probability);
    await rm(folder, { recursive: true });
  });
});
