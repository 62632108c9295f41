import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  findManifest,
  type Manifest,
  openShapes,
  parseManifest,
  readManifest,
} from '../../src/formats/manifest.ts';
import { zooEntries, zooModel } from '../../src/zoo/zoo.ts';
import { coded } from '../support/code.ts';

const INPUT = { name: 'image', channels: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1], fit: 'cover' };
const VALID = {
  name: 'street',
  version: '2',
  model: 'street.onnx',
  task: 'classification',
  license: 'Apache-2.0',
  input: { ...INPUT, width: 224, height: 224 },
  labels: ['car', 'tram'],
  output: { name: 'logits', activation: 'softmax' },
  sample: 'samples/tram.jpg',
};

function problemsOf(json: unknown): string {
  try {
    parseManifest(json, 'm.json');
  } catch (error) {
    expect(error).toEqual(coded('ISO_ERR_MANIFEST_INVALID', 'm.json'));
    return (error as Error).message;
  }
  return '';
}

describe('parseManifest', () => {
  it('takes a whole manifest as it is', () => {
    expect(parseManifest(VALID, 'm.json')).toEqual(VALID);
  });

  it('needs neither labels, license, output nor sample', () => {
    const { labels, license, output, sample, ...least } = VALID;
    expect(parseManifest(least, 'm.json')).toEqual({ ...least, labels: [] });
  });

  it('needs no input, and tells the sizes of open ones', () => {
    const { input, ...tensors } = VALID;
    expect(problemsOf(tensors)).toBe('');
    expect(openShapes({ ...tensors, shapes: { x: [1, 2] } } as unknown as Manifest)).toEqual({ x: [1, 2] });
    const manifest = VALID as unknown as Manifest;
    expect(openShapes(manifest)).toEqual({ image: [1, 3, 224, 224] });
    const last = { ...manifest, input: { ...manifest.input!, layout: 'NHWC' } } as Manifest;
    expect(openShapes(last)).toEqual({ image: [1, 224, 224, 3] });
    expect(openShapes({ ...last, shapes: { image: [1, 3, 8, 8] } })).toEqual({ image: [1, 3, 8, 8] });
  });

  it('takes golden cases', () => {
    const golden = [{ inputs: { image: 'a.npy' }, outputs: { logits: 'golden/b.npy' }, tolerance: 1e-3 }];
    expect(problemsOf({ ...VALID, golden })).toBe('');
    expect(problemsOf({ ...VALID, golden: {} })).toContain('golden is {}, but must be a list of objects');
    expect(problemsOf({ ...VALID, golden: [{ ...golden[0], inputs: { image: '/etc/passwd' } }] })).toContain(
      'golden[0].inputs',
    );
    expect(problemsOf({ ...VALID, golden: [{}] })).toContain('golden[0].outputs is missing');
  });

  it('takes what the zoo gives', () => {
    for (const { name } of zooEntries()) expect(problemsOf(zooModel(name).manifest)).toBe('');
  });

  it('takes every kind of detection, and names all that is wrong with one', () => {
    const detection = (fields: object) => ({ ...VALID, task: 'detection', detection: fields });
    const ssd = { type: 'ssd', boxes: 'b', scores: 's', encoding: 'centre', units: 'pixels' };
    for (const fine of [
      { ...ssd, background: 0, priors: [[0.5, 0.5, 0.1, 0.2]], variances: [0.1, 0.2], activation: 'softmax' },
      { type: 'yolo', layout: 'columns', scoreThreshold: 0.5, iouThreshold: 0.5, maxDetections: 20 },
      { type: 'yolo-grid', grids: [{ output: 'g', anchors: [[10, 13]] }], anchorUnits: 'cells' },
    ]) {
      expect(problemsOf(detection(fine))).toBe('');
    }
    const message = problemsOf({
      ...detection({
        ...{
          ...ssd,
          scores: '',
          encoding: 'corners',
          units: 'metres',
          scoreThreshold: 2,
          maxDetections: 1000,
        },
        ...{ priors: [[1, 2, 3]], variances: [1], iou: 0.5 },
      }),
      input: { ...INPUT, background: [0, 0, 256] },
    });
    for (const text of [
      'detection.scores is "", but must be a text',
      'detection.units is "metres", but must be one of pixels, normalised',
      'detection.scoreThreshold is 2, but must be a number from 0 to 1',
      'detection.maxDetections is 1000, but must be a whole number from 0 to 300',
      'detection.priors is [[1,2,3]], but must be a list of [cx, cy, width, height]',
      'detection.variances is [1], but must be two numbers',
      'detection.iou is not a field of a manifest',
      'detection.priors are for the encodings centre and centre-yx',
      'input.background is [0,0,256], but must be three whole numbers',
    ]) {
      expect(message).toContain(text);
    }
    expect(problemsOf(detection({ type: 'rcnn' }))).toContain('one of ssd, yolo, yolo-grid');
    expect(problemsOf(detection({ type: 'yolo-grid', grids: [{ output: 'g' }] }))).toContain(
      'detection.grids is',
    );
    expect(problemsOf({ ...VALID, task: 'detection' })).toContain('detection is missing');
    expect(problemsOf({ ...VALID, detection: ssd })).toContain('is for the task detection');
  });

  it('reports every problem at once', () => {
    const message = problemsOf({
      name: '',
      model: '../other.onnx',
      task: 'guess',
      lables: [],
      labels: ['car', 7],
      input: { name: 'x', channels: 'gray', scale: '1', mean: [0, 0, 0], std: [0], fit: 'zoom', width: 1.5 },
      output: 'probabilities',
    });
    for (const text of [
      'name is "", but must be a text',
      'version is missing',
      'model is "../other.onnx", but must be a relative path',
      'task is "guess", but must be one of classification, detection, tensor',
      'lables is not a field',
      'labels is ["car",7], but must be texts only',
      'input.scale is "1", but must be a number other than 0',
      'input.mean has 3 values, but gray has 1 channels',
      'input.std is [0], but must be a list of numbers other than 0',
      'input.fit is "zoom"',
      'input.width is 1.5',
      'output is "probabilities", but must be an object',
    ]) {
      expect(message).toContain(text);
    }
  });

  it.each([
    ['an array', []],
    ['null', null],
    ['a text', 'street'],
  ])('refuses %s', (_, json) => {
    expect(problemsOf(json)).toContain('not a JSON object');
  });

  it.each([
    '/etc/passwd',
    '..',
    '../street.onnx',
    'a/../../street.onnx',
    '.',
    '',
    'a/..',
    'C:street.onnx',
    'C:\\street.onnx',
    '..\\street.onnx',
    'a\0b',
  ])('refuses the model path %j', (model) => {
    expect(problemsOf({ ...VALID, model })).toContain('model is');
  });

  it.each(['street.onnx', './street.onnx', 'a/street.onnx', 'a/../street.onnx', '..street.onnx'])(
    'takes the model path %j',
    (model) => {
      expect(problemsOf({ ...VALID, model })).toBe('');
    },
  );

  it('takes no field from a prototype', () => {
    expect(problemsOf(Object.create(VALID))).toContain('name is missing');
    expect(problemsOf({ ...VALID, constructor: 1 })).toContain('constructor is not a field');
  });
});

describe('manifest files', () => {
  let folder: string;
  const write = async (name: string, content: unknown) => {
    const path = join(folder, name);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isobath-manifest-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('may keep the labels in a file of one per line', async () => {
    await write('labels.txt', '\uFEFFcar\r\n tram \r\n\r\nbus\n\n');
    const path = await write('m.json', { ...VALID, labels: 'labels.txt' });
    expect(await readManifest(path)).toEqual({ ...VALID, labels: ['car', 'tram', '', 'bus'] });
  });

  it('report a missing label file together with the other problems', async () => {
    const path = await write('m.json', { ...VALID, task: 'guess', labels: 'labels.txt' });
    await expect(readManifest(path)).rejects.toEqual(coded('ISO_ERR_MANIFEST_INVALID', 'task is "guess"'));
    await expect(readManifest(path)).rejects.toEqual(
      coded('ISO_ERR_MANIFEST_INVALID', 'labels.txt cannot be read'),
    );
  });

  it('do not follow a label file out of their folder', async () => {
    const secret = await write('secret.txt', 'secret');
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await symlink(secret, join(inner, 'labels.txt'));
    const path = await write('inner/m.json', { ...VALID, labels: 'labels.txt' });
    await expect(readManifest(path)).rejects.toEqual(coded('ISO_ERR_MANIFEST_INVALID', 'outside the folder'));
    const direct = await write('inner/n.json', { ...VALID, labels: '../secret.txt' });
    await expect(readManifest(direct)).rejects.toEqual(coded('ISO_ERR_MANIFEST_INVALID', 'labels is'));
  });

  it.each([
    ['is not JSON', '{"name":'],
    ['is null', 'null'],
    ['is too large', ' '.repeat(5 * 1024 * 1024)],
  ])('are refused where one %s', async (_, content) => {
    const path = await write('m.json', content);
    await expect(readManifest(path)).rejects.toEqual(coded('ISO_ERR_MANIFEST_INVALID', path));
  });

  it('are refused where there is none', async () => {
    await expect(readManifest(join(folder, 'm.json'))).rejects.toEqual(
      coded('ISO_ERR_MANIFEST_INVALID', 'ENOENT'),
    );
  });

  it('are found beside the model: its own before the shared one', async () => {
    const model = join(folder, 'street.onnx');
    expect(await findManifest(model)).toBeUndefined();
    const shared = await write('manifest.json', VALID);
    expect(await findManifest(model)).toBe(shared);
    const full = await write('street.onnx.manifest.json', VALID);
    expect(await findManifest(model)).toBe(full);
    const own = await write('street.manifest.json', VALID);
    expect(await findManifest(model)).toBe(own);
  });

  it('of another model are not taken, broken ones are, so that their problems are shown', async () => {
    const model = join(folder, 'street.onnx');
    await write('manifest.json', { ...VALID, model: 'other.onnx' });
    expect(await findManifest(model)).toBeUndefined();
    const shared = await write('manifest.json', '{');
    expect(await findManifest(model)).toBe(shared);
  });
});
