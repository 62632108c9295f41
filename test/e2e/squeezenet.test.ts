import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { dataPath, describeWithData } from '../support/data.ts';
import { isobath } from '../support/processes.ts';

/** Published by the model's authors for kitten_224.png. */
const KITTEN = { tabby: 0.931461, 'Egyptian cat': 0.065307, 'tiger cat': 0.002927 };

describeWithData('SqueezeNet with trained filters, on a broker and 4 agent processes', () => {
  let folder = '';
  let model = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isobath-squeezenet-'));
    model = join(folder, 'squeezenet.onnx');
    await copyFile(dataPath('squeezenet', 'SqueezeNet_fp16.onnx'), model);
    const labels = (await readFile(dataPath('squeezenet', 'labels.txt'), 'utf8')).trim().split('\n');
    // "n02123045 tabby, tabby cat" or "281: tabby": only the first name counts here
    const names = labels.map((line) =>
      line
        .trim()
        .replace(/^(n\d{8}|\d+:?)[\s,]+/, '')
        .split(',')[0]!
        .trim(),
    );
    const input = {
      name: 'data_0',
      channels: 'BGR',
      scale: 1,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      fit: 'stretch',
    };
    const manifest = { name: 'squeezenet', version: '1', model: 'squeezenet.onnx', task: 'classification' };
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, input, labels: names }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(['input-depth', 'output-depth', 'depth-grid'])(
    'gives the published answer, cut by %s',
    async (scheme) => {
      const image = dataPath('squeezenet', 'kitten_224.png');
      const args = [
        'demo',
        '--model',
        model,
        '--image',
        image,
        '--agents',
        '4',
        '--scheme',
        scheme,
        '--json',
      ];
      const { code, stdout, stderr } = await isobath(...args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const answer = JSON.parse(stdout);
      expect(answer.agents).toBe(4);
      expect(answer.distributedStages).toBe(26);
      expect(
        answer.stages.every((stage: { scheme: string }) => ['local', scheme].includes(stage.scheme)),
      ).toBe(true);
      const got = Object.fromEntries(
        answer.top.map((top: { label: string; probability: number }) => [top.label, top.probability]),
      );
      for (const [label, probability] of Object.entries(KITTEN)) {
        expect(Math.abs(got[label] - probability)).toBeLessThan(1e-3);
      }
    },
  );
});
