import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cornersOf, inPicture, intersectionOverUnion } from '../../../src/formats/detection/box.ts';
import { suppressedByClass } from '../../../src/formats/detection/suppression.ts';
import { writeOnnx } from '../../../src/formats/onnx/index.ts';
import { geometryOf } from '../../../src/formats/pictures/placement.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { graphOf, ints, nodeOf } from '../../support/graphs.ts';
import { runOnnx } from '../../support/onnxruntime.ts';

const unit = fc.integer({ min: 0, max: 1_000_000 }).map((value) => value / 1_000_000);
const boxes = fc.array(fc.tuple(unit, unit, unit, unit), { minLength: 1, maxLength: 40 });

/** What onnxruntime's NonMaxSuppression selects: [class, box], in its own order. */
async function oracle(
  corners: readonly (readonly number[])[],
  scores: readonly (readonly number[])[],
  { most, iou, score }: { most: number; iou: number; score: number },
): Promise<string[]> {
  const count = corners.length;
  const node = nodeOf('NonMaxSuppression', ['boxes', 'scores', 'most', 'iou', 'score'], ['selected']);
  const constants = {
    most: ints(most),
    iou: Tensor.float32([1], [iou]),
    score: Tensor.float32([1], [score]),
  };
  const shapes = { boxes: [1, count, 4], scores: [1, scores.length, count] };
  const model = writeOnnx(graphOf(shapes, [node], { constants }));
  const { selected } = await runOnnx(model, {
    // its boxes are [y1, x1, y2, x2]
    boxes: Tensor.float32(
      shapes.boxes,
      corners.flatMap(([x1, y1, x2, y2]) => [y1!, x1!, y2!, x2!]),
    ),
    scores: Tensor.float32(shapes.scores, scores.flat()),
  });
  const rows = Array.from(selected!.data as BigInt64Array, Number);
  return Array.from({ length: rows.length / 3 }, (_, row) => `${rows[row * 3 + 1]}:${rows[row * 3 + 2]}`);
}

describe('non-maximum suppression', () => {
  it('selects what the operator of onnxruntime selects', async () => {
    const cases = boxes.chain((corners) =>
      fc.record({
        corners: fc.constant(corners.map((four) => cornersOf('corners', ...four).map(Math.fround))),
        // all scores differ: of equal ones, which comes first is the operator's own business
        order: fc.shuffledSubarray([...Array(corners.length * 3).keys()], { minLength: corners.length * 3 }),
        most: fc.integer({ min: 1, max: 20 }),
        iou: unit,
        score: unit,
      }),
    );
    let selected = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ corners, order, most, iou, score }) => {
        const count = corners.length;
        const scores = [0, 1, 2].map((index) =>
          corners.map((_, at) => Math.fround((order[index * count + at]! + 0.5) / (count * 3))),
        );
        const candidates = scores.flatMap((own, index) =>
          own.flatMap((value, at) => {
            const box = corners[at]! as unknown as readonly [number, number, number, number];
            return value > Math.fround(score) ? [{ box, index, score: value, at }] : [];
          }),
        );
        const perClass = [0, 1, 2].flatMap((index) => {
          const own = candidates.filter((candidate) => candidate.index === index);
          return suppressedByClass(own, iou, most).map(({ at }) => `${index}:${at}`);
        });
        const want = await oracle(corners, scores, { most, iou, score });
        expect(perClass).toEqual(want);
        selected += want.length;
        // all classes together: the best of them, the surest first
        const together = suppressedByClass(candidates, iou, most);
        expect(together.length).toBe(Math.min(most, perClass.length));
        for (const { index, at } of together) expect(want).toContain(`${index}:${at}`);
        const values = together.map(({ score: value }) => value);
        expect(values).toEqual(values.toSorted((a, b) => b - a));
      }),
      { numRuns: 150 },
    );
    expect(selected).toBeGreaterThan(100);
  });
});

describe('boxes, worked out by hand', () => {
  it('overlap by a third where two of the same size share a half', () => {
    expect(intersectionOverUnion([0, 0, 10, 10], [5, 0, 15, 10])).toBeCloseTo(1 / 3, 12);
    expect(intersectionOverUnion([0, 0, 10, 10], [0, 0, 10, 10])).toBe(1);
    expect(intersectionOverUnion([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0);
    expect(intersectionOverUnion([3, 3, 3, 3], [3, 3, 3, 3])).toBe(0);
  });

  it('have corners in every encoding', () => {
    const want = [10, 20, 30, 60];
    expect(cornersOf('corners', 10, 20, 30, 60)).toEqual(want);
    expect(cornersOf('corners', 30, 60, 10, 20)).toEqual(want);
    expect(cornersOf('corners-yx', 20, 10, 60, 30)).toEqual(want);
    expect(cornersOf('centre', 20, 40, 20, 40)).toEqual(want);
    expect(cornersOf('centre-yx', 40, 20, 40, 20)).toEqual(want);
  });

  it('return to the picture from a letterbox, a crop and a distortion', () => {
    const picture = { width: 200, height: 100 };
    const input = { width: 100, height: 100 };
    // contain: half the size, 25 rows of padding above and below
    const contain = geometryOf(picture, input, 'contain').placement;
    expect(contain).toMatchObject({ scaled: { width: 100, height: 50 }, left: 0, top: 25 });
    expect(inPicture([10, 35, 30, 65], contain)).toEqual([20, 20, 40, 60]);
    // what reaches into the padding ends at the edge of the picture
    expect(inPicture([-10, 0, 110, 100], contain)).toEqual([0, 0, 200, 100]);
    // cover: its own size, 50 columns cut off on each side
    const cover = geometryOf(picture, input, 'cover').placement;
    expect(cover).toMatchObject({ scaled: { width: 200, height: 100 }, left: -50, top: 0 });
    expect(inPicture([10, 35, 30, 65], cover)).toEqual([60, 35, 20, 30]);
    expect(inPicture([10, 35, 30, 65], geometryOf(picture, input, 'stretch').placement)).toEqual([
      20, 35, 40, 30,
    ]);
  });
});
