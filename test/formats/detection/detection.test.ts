import { describe, expect, it } from '@jest/globals';
import { detectedObjects } from '../../../src/formats/detection/index.ts';
import type { Detection } from '../../../src/formats/detection/spec.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { coded } from '../../support/code.ts';

const INPUT = { width: 100, height: 200 };
const LABELS = ['cat', 'dog', 'bus'];

function found(detection: Detection, outputs: Record<string, Tensor>) {
  const objects = detectedObjects(detection, new Map(Object.entries(outputs)), LABELS, { input: INPUT });
  return objects.map(({ label, score, box }) => {
    const rounded = box.map((value) => Math.round(value * 100) / 100);
    return `${label} ${score.toFixed(2)} [${rounded.join(', ')}]`;
  });
}
const tensor = (shape: number[], ...values: number[]) => Tensor.float32(shape, values);

describe('SSD', () => {
  const ssd = { type: 'ssd', boxes: 'b', scores: 's', encoding: 'corners-yx', units: 'normalised' } as const;

  it('reads normalised corners, leaves the background out, and suppresses within a class', () => {
    const boxes = tensor([1, 3, 4], ...[0.1, 0.2, 0.3, 0.6], ...[0.1, 0.2, 0.3, 0.59], ...[0.5, 0.5, 1.2, 1]);
    const scores = tensor([1, 3, 3], ...[0.9, 0.8, 0.3], ...[0.1, 0.7, 0.6], ...[0.2, 0.1, 0.9]);
    expect(found({ ...ssd, background: 0 }, { b: boxes, s: scores })).toEqual([
      'bus 0.90 [50, 100, 50, 100]',
      'dog 0.80 [20, 20, 40, 40]',
      'bus 0.60 [20, 20, 39, 40]',
    ]);
    expect(found({ ...ssd, background: 0, classAgnostic: true }, { b: boxes, s: scores })).toEqual([
      'bus 0.90 [50, 100, 50, 100]',
      'dog 0.80 [20, 20, 40, 40]',
    ]);
    expect(found({ ...ssd, maxDetections: 1, scoreThreshold: 0.85 }, { b: boxes, s: scores })).toEqual([
      'cat 0.90 [20, 20, 40, 40]',
    ]);
  });

  it('moves and scales priors, and turns logits into scores', () => {
    const detection: Detection = {
      ...{ ...ssd, encoding: 'centre', units: 'pixels', activation: 'softmax', background: 0 },
      priors: [[50, 100, 20, 40]],
    };
    // cx 50 + 1 * 0.1 * 20, cy 100 - 2 * 0.1 * 40, w 20 * e^0.2, h 40 * e^0
    const offsets = tensor([1, 1, 4], 1, -2, 1, 0);
    const logits = tensor([1, 1, 3], 0, Math.log(6), 0);
    const width = 20 * Math.exp(0.2);
    const [x, w] = [52 - width / 2, width].map((value) => Math.round(value * 100) / 100);
    expect(found(detection, { b: offsets, s: logits })).toEqual([`dog 0.75 [${x}, 72, ${w}, 40]`]);
    expect(() => found(detection, { b: tensor([1, 2, 4], 0, 0, 0, 0, 0, 0, 0, 0), s: logits })).toThrow(
      coded('ISO_ERR_OUTPUT_MISMATCH', 'one box per prior'),
    );
  });

  it('takes the classes of a model that suppresses boxes itself', () => {
    const boxes = tensor([1, 2, 4], 0, 0, 0.5, 0.5, 0, 0, 0.5, 0.49);
    const outputs = { b: boxes, s: tensor([1, 2], 0.6, 0.9), c: tensor([1, 2], 1, 1) };
    expect(found({ ...ssd, classes: 'c' }, outputs)).toEqual([
      'dog 0.90 [0, 0, 49, 100]',
      'dog 0.60 [0, 0, 50, 100]',
    ]);
  });
});

describe('YOLO', () => {
  it('of version 8 has its boxes in columns', () => {
    const output = tensor(
      [1, 7, 3],
      ...[20, 21, 80],
      ...[40, 40, 150],
      ...[10, 10, 20],
      ...[20, 20, 40],
      ...[0.9, 0.8, 0.1],
      ...[0.2, 0.1, 0.3],
      ...[0, 0, 0.7],
    );
    expect(found({ type: 'yolo', layout: 'columns' }, { y: output })).toEqual([
      'cat 0.90 [15, 30, 10, 20]',
      'bus 0.70 [70, 130, 20, 40]',
    ]);
  });

  it('of version 5 has them in rows, with the sureness that there is anything', () => {
    const rows = tensor(
      [1, 2, 8],
      ...[20, 40, 10, 20, 0.5, 0.2, 0.9, 0.1],
      ...[20, 40, 10, 20, 0.1, 1, 1, 1],
    );
    expect(found({ type: 'yolo', layout: 'rows' }, { y: rows })).toEqual(['dog 0.45 [15, 30, 10, 20]']);
    const plain = tensor([1, 1, 7], 0.2, 0.2, 0.1, 0.1, 0.2, 0.9, 0.1);
    const normalised = { type: 'yolo', layout: 'rows', objectness: false, units: 'normalised' } as const;
    expect(found(normalised, { y: plain })).toEqual(['dog 0.90 [15, 30, 10, 20]']);
  });

  it('of version 10 gives final boxes', () => {
    const final = tensor([1, 2, 6], ...[10, 20, 30, 60, 0.5, 2], ...[10, 20, 30, 60, 0.9, 2]);
    expect(found({ type: 'yolo', layout: 'final', output: 'y' }, { y: final })).toEqual([
      'bus 0.90 [10, 20, 20, 40]',
      'bus 0.50 [10, 20, 20, 40]',
    ]);
  });

  it.each([
    ['pixels', 'sigmoid', 0.5 * 0.75],
    ['cells', 'softmax', (0.5 * 3) / 5],
  ] as const)('of versions 2 and 3 has grids of anchors in %s', (anchorUnits, activation, score) => {
    // 2 anchors x 8 values x 4 rows x 5 columns; a cell is 20 x 50
    const grid = new Float32Array(2 * 8 * 20).fill(-20);
    const set = (anchor: number, value: number, number: number) => {
      grid[(anchor * 8 + value) * 20 + 2 * 5 + 3] = number;
    };
    for (const value of [0, 1, 2, 4]) set(1, value, 0);
    set(1, 3, Math.log(2));
    for (const value of [5, 7]) set(1, value, 0);
    set(1, 6, Math.log(3));
    const anchors = [[9, 9], anchorUnits === 'cells' ? [0.5, 0.4] : [10, 20]];
    const detection: Detection = {
      type: 'yolo-grid',
      grids: [{ output: 'g', anchors }],
      anchorUnits,
      activation,
    };
    // centre (3.5 * 20, 2.5 * 50), width 10, height twice 20
    expect(found(detection, { g: Tensor.float32([1, 16, 4, 5], grid) })).toEqual([
      `dog ${score.toFixed(2)} [65, 105, 10, 40]`,
    ]);
  });

  it.each<[Detection, number[]]>([
    [{ type: 'yolo', layout: 'columns' }, [1, 4, 9]],
    [{ type: 'yolo', layout: 'rows' }, [1, 9, 5]],
    [{ type: 'yolo', layout: 'final' }, [1, 9, 7]],
    [{ type: 'yolo', layout: 'rows' }, [2, 9, 9]],
    [{ type: 'yolo-grid', grids: [{ output: 'y', anchors: [[1, 1]] }] }, [1, 5, 2, 2]],
    [{ type: 'yolo', layout: 'rows', output: 'other' }, [1, 9, 9]],
    [{ type: 'ssd', boxes: 'y', scores: 'y', encoding: 'corners', units: 'pixels' }, [1, 9, 5]],
  ])('%j refuses an output of the shape %j by name', (detection, shape) => {
    expect(() => found(detection, { y: Tensor.zeros('float32', shape) })).toThrow(
      coded('ISO_ERR_OUTPUT_MISMATCH'),
    );
  });
});
