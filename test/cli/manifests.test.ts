import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../src/formats/manifest.ts';
import { writeNpy } from '../../src/formats/npy.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { cli } from '../support/cli.ts';
import { graphOf, nodeOf } from '../support/graphs.ts';
import { temporaryFolder } from '../support/temporary.ts';

const SAMPLE = 'models/street/samples/car.png';
/** Box, 80 classes, 32 mask coefficients. */
const VALUES = 116;

/** Whatever it sees, it finds class 2 with 0.9, and nothing else: the coefficients, up to 1.6, are no classes. */
function detector(): Graph {
  const boxes = Tensor.zeros('float32', [1, VALUES, 3]);
  const set = (box: number, value: number, number: number) => {
    boxes.data[value * 3 + box] = number;
  };
  for (const [value, number] of [32, 32, 20, 20].entries()) set(0, value, number);
  set(0, 4 + 2, 0.9);
  for (let at = 0; at < 32; at += 1) {
    set(0, 84 + at, -1.6 + at * 0.1);
    set(1, 84 + at, 0.7);
  }
  const nodes = [
    nodeOf('ReduceMean', ['image'], ['mean'], { keepdims: 0 }),
    nodeOf('Mul', ['mean', 'none'], ['nothing']),
    nodeOf('Add', ['boxes', 'nothing'], ['output0']),
  ];
  const constants = { boxes, none: Tensor.float32([], [0]) };
  return inferTypes(graphOf({ image: [1, 3, 64, 64] }, nodes, { constants, outputs: ['output0'] }));
}

const DETECTOR: Manifest = {
  ...{ name: 'seg', version: '1', model: 'seg.onnx', task: 'detection', sample: 'pictures/car.png' },
  input: {
    ...{ name: 'image', channels: 'RGB', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
    ...{ fit: 'contain', background: [114, 114, 114] },
  },
  labels: Array.from({ length: 80 }, (_, at) => `class${at}`),
  detection: { type: 'yolo', layout: 'columns', scoreThreshold: 0.3 },
};

let folder: string;
let models: string;
/** A folder of its own with the model and a manifest. */
async function stored(name: string, fields: object): Promise<string> {
  const own = join(folder, name);
  await mkdir(join(own, 'pictures'), { recursive: true });
  await writeFile(join(own, 'seg.onnx'), writeOnnx(detector()));
  await writeFile(join(own, 'seg.manifest.json'), JSON.stringify({ ...DETECTOR, ...fields }));
  await copyFile(SAMPLE, join(own, 'pictures/car.png'));
  return join(own, 'seg.onnx');
}
async function json(...args: string[]) {
  const { code, stdout, stderr } = await cli(...args, '--json');
  expect(stderr).toBe('');
  return { exit: code, ...JSON.parse(stdout) };
}
const manifestOf = async (place: string) =>
  JSON.parse(await readFile(join(models, place, 'manifest.json'), 'utf8'));

async function expectRefused(args: readonly string[], text: string): Promise<void> {
  const { exit, error } = await json(...args);
  expect([exit, error.code]).toEqual([1, 'ISO_ERR_MANIFEST_INVALID']);
  expect(error.message).toContain(text);
  expect(error.message).toContain('inputs image [1, 3, 64, 64] and the outputs output0 [1, 116, 3]');
}

beforeAll(async () => {
  folder = await temporaryFolder();
  models = join(folder, 'models');
});

describe('a manifest that does not fit its model', () => {
  it.each([
    ['an input', { input: { ...DETECTOR.input, name: 'picture' } }, 'input.name is picture'],
    ['an output', { output: { name: 'probs', activation: 'none' } }, 'output.name is probs'],
    ['a head', { detection: { ...DETECTOR.detection, output: 'found' } }, 'the output found is not there'],
    ['other classes', { labels: ['one'] }, '4 of the box + 1 of the labels values per box'],
  ])('by %s is refused by infer --local, which tells what the model has', async (name, fields, text) => {
    const model = await stored(`wrong ${name}`, fields);
    await expectRefused(['infer', model, SAMPLE, '--local'], text);
  });

  it('is refused by all else that loads it', async () => {
    const model = await stored('wrong', { output: { name: 'probs', activation: 'none' } });
    for (const command of [
      ['import', '--dry-run'],
      ['verify'],
      ['inspect'],
      ['master', '--port', '0', '--model'],
    ])
      await expectRefused([...command, model], 'output.name is probs');
  }, 15_000);

  it('is mended by the options of import', async () => {
    const model = await stored('mended', { input: { ...DETECTOR.input, name: 'picture' } });
    expect(
      await json('import', model, '--models', models, '--name', 'mended', '--input', 'image'),
    ).toMatchObject({
      exit: 0,
    });
    expect((await manifestOf('mended/1')).input).toEqual(DETECTOR.input);
  });
});

describe('a detection model', () => {
  it('of classes and mask coefficients gives its classes', async () => {
    const model = await stored('seg', {});
    const { objects } = await json('infer', model, SAMPLE, '--local');
    expect(objects).toMatchObject([{ label: 'class2', index: 2, score: expect.closeTo(0.9) }]);
  });

  it('is imported with all that its manifest says, its sample and its golden outputs', async () => {
    const golden = [
      {
        inputs: { image: 'pictures/car.png' },
        outputs: { output0: 'golden/found.npy' },
        tolerance: 1e-3,
      },
    ];
    const model = await stored('kept', { golden });
    await mkdir(join(folder, 'kept/golden'));
    const { boxes } = Object.fromEntries(detector().initializers);
    await writeFile(join(folder, 'kept/golden/found.npy'), writeNpy(boxes!));
    const result = await json('import', model, '--models', models, '--name', 'found', '--version', '3');
    expect(result).toMatchObject({ exit: 0, task: 'detection', labels: 80, pictures: true, notes: [] });
    expect(await manifestOf('found/3')).toEqual({
      ...{ ...DETECTOR, golden },
      ...{ name: 'found', version: '3', model: 'model.onnx' },
    });
    const kept = join(models, 'found/3/pictures/car.png');
    expect(await readFile(kept)).toEqual(await readFile(SAMPLE));
    expect(await readFile(join(models, 'found/3/golden/found.npy'))).toEqual(Buffer.from(writeNpy(boxes!)));
    // and is found to be itself again
    const again = await json('infer', join(models, 'found/3/model.onnx'), kept, '--local');
    expect(again.objects).toMatchObject([{ label: 'class2' }]);
  });

  it('whose golden outputs are no longer what it gives is not imported', async () => {
    const golden = [
      { inputs: { image: SAMPLE.split('/').pop() }, outputs: { output0: 'x.npy' }, tolerance: 1e-3 },
    ];
    const model = await stored('changed', { golden });
    await copyFile(SAMPLE, join(folder, 'changed/car.png'));
    await writeFile(join(folder, 'changed/x.npy'), writeNpy(Tensor.zeros('float32', [1, VALUES, 3])));
    const { exit, error } = await json('import', model, '--models', models, '--name', 'changed');
    expect([exit, error.code]).toEqual([1, 'ISO_ERR_GOLDEN_MISMATCH']);
  });

  it.each([
    ['is not there', 'pictures/none.png', 'pictures/none.png, which cannot be read'],
    [
      'has the name of the stored model',
      'model.onnx',
      'model.onnx, a name that the stored model needs itself',
    ],
  ])('whose sample %s is not imported', async (name, sample, text) => {
    const model = await stored(`sample ${name}`, { sample });
    await copyFile(model, join(model, '../model.onnx'));
    const { exit, error } = await json('import', model, '--models', models, '--name', 'none');
    expect([exit, error.code]).toEqual([1, 'ISO_ERR_MANIFEST_INVALID']);
    expect(error.message).toContain(text);
  });
});
