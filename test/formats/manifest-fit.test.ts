import { describe, expect, it } from '@jest/globals';
import type { Manifest, PictureInput } from '../../src/formats/manifest.ts';
import { checkAgainstModel } from '../../src/formats/manifest-fit.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { coded } from '../support/code.ts';
import { graphOf, nodeOf } from '../support/graphs.ts';

/** Two outputs, of as many values as the input: one a classifier's, one a detector's. */
const graph = inferTypes(
  graphOf(
    { image: [1, 3, 8, 8], boxes: [1, 84, 5], mask: [1, 4] },
    [
      nodeOf('Relu', ['image'], ['planes']),
      nodeOf('Relu', ['boxes'], ['found']),
      nodeOf('Relu', ['mask'], ['scores']),
    ],
    { outputs: ['scores', 'found', 'planes'] },
  ),
);
const INPUT: PictureInput = {
  ...{ name: 'image', channels: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1], fit: 'cover' },
};
const labels = (count: number) => Array.from({ length: count }, (_, at) => `class${at}`);
const FINE = { task: 'classification', input: INPUT, labels: labels(4) } as const;
const FOUND = { task: 'detection', labels: labels(80), input: INPUT } as const;
const GOLDEN = { inputs: { image: 'a', boxes: 'b', mask: 'c' }, outputs: { found: 'd' }, tolerance: 1 };

type Checked = Omit<Manifest, 'name' | 'version' | 'model'>;
const check = (manifest: Checked) => checkAgainstModel(manifest, graph, 'm.json');

describe('checkAgainstModel', () => {
  it.each<[string, Checked]>([
    ['a classifier', FINE],
    ['classes without names', { ...FINE, labels: [] }],
    ['a detection model', { ...FOUND, detection: { type: 'yolo', output: 'found', layout: 'columns' } }],
    ['one that takes tensors only', { task: 'tensor', labels: [], shapes: { boxes: [1, 84, 5] } }],
    ['golden cases', { ...FINE, golden: [GOLDEN] }],
  ])('takes %s', (_, manifest) => {
    expect(() => check(manifest)).not.toThrow();
  });

  const yolo = { type: 'yolo', layout: 'columns' } as const;
  const ssd = { type: 'ssd', boxes: 'b', scores: 'scores', encoding: 'corners', units: 'pixels' } as const;
  it.each<[string, Checked, string]>([
    ['an unknown input', { ...FINE, input: { ...INPUT, name: 'picture' } }, 'input.name is picture'],
    ['a picture of other channels', { ...FINE, input: { ...INPUT, channels: 'gray' } }, '[1, 1, height'],
    ['another layout', { ...FINE, input: { ...INPUT, layout: 'NHWC' } }, '[1, height, width, 3], but'],
    ['an input that is no picture', { ...FINE, input: { ...INPUT, name: 'mask' } }, 'but mask is [1, 4]'],
    ['the shape of an unknown input', { ...FINE, shapes: { x: [1] } }, 'shapes names x'],
    ['an unknown output', { ...FINE, output: { name: 'probs', activation: 'none' } }, 'output.name is probs'],
    ['other labels', { ...FINE, labels: labels(5) }, '5 labels, but the output scores has 4 values'],
    ['an unknown head', { ...FOUND, detection: { ...yolo, output: 'y' } }, 'the output y is not there'],
    ['the first output as a head', { ...FOUND, detection: yolo }, 'the output scores is [1, 4]'],
    [
      'fewer labels than classes',
      { ...FOUND, labels: labels(78), detection: { ...yolo, output: 'found' } },
      'the output found is [1, 84, 5], but wanted is 4 of the box + 78 of the labels values per box',
    ],
    [
      'no labels',
      { ...FOUND, labels: [], detection: { ...yolo, output: 'found' } },
      'labels`, whose number tells',
    ],
    ['an SSD without boxes', { ...FOUND, detection: ssd }, 'the output b is not there'],
    [
      'classes of an SSD',
      { ...FOUND, detection: { ...ssd, boxes: 'found', background: 0 } },
      'wanted is [1, N, 80 or 81 classes, by the number of labels]',
    ],
    [
      'a grid',
      { ...FOUND, detection: { type: 'yolo-grid', grids: [{ output: 'planes', anchors: [[1, 1]] }] } },
      'the output planes is [1, 3, 8, 8], but wanted is [1, 1 * (5 + 80), rows, columns]',
    ],
    [
      'golden tensors',
      { ...FINE, golden: [{ ...GOLDEN, inputs: { image: 'a', mask: 'b', x: 'c' }, outputs: { y: 'd' } }] },
      'golden[0].inputs names x, which the model does not have; golden[0].outputs names y, which the model does not have; golden[0].inputs lacks boxes',
    ],
  ])('refuses %s, and tells what the model has', (_, manifest, reason) => {
    expect(() => check(manifest)).toThrow(coded('ISO_ERR_MANIFEST_INVALID', reason));
    expect(() => check(manifest)).toThrow(
      'the model has the inputs image [1, 3, 8, 8], boxes [1, 84, 5], mask [1, 4] and the outputs scores [1, 4], found [1, 84, 5], planes [1, 3, 8, 8]',
    );
  });

  it('lists every problem', () => {
    const wrong: Checked = { ...FOUND, input: { ...INPUT, name: 'x' }, detection: { ...yolo, output: 'y' } };
    expect(() => check(wrong)).toThrow(coded('ISO_ERR_MANIFEST_INVALID', 'input.name is x'));
    expect(() => check(wrong)).toThrow(coded('ISO_ERR_MANIFEST_INVALID', 'the output y is not there'));
  });

  it('leaves an output alone whose shape is not known before it runs', () => {
    const open = { ...graph, types: new Map([...graph.types].filter(([name]) => name !== 'found')) };
    const manifest: Checked = { ...FOUND, labels: labels(3), detection: { ...yolo, output: 'found' } };
    expect(() => checkAgainstModel(manifest, open, 'm.json')).not.toThrow();
    expect(() => checkAgainstModel({ ...manifest, labels: labels(3) }, graph, 'm.json')).toThrow(
      coded('ISO_ERR_MANIFEST_INVALID'),
    );
  });
});
