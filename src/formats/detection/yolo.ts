import { cornersOf } from './box.ts';
import { numbersOf, type PostProcessing, type YoloDetection } from './spec.ts';
import type { Candidate } from './suppression.ts';

/** The best class of each box is its candidate. Boxes are given by their centre, except where they are final. */
export const yolo: PostProcessing<YoloDetection> = {
  candidates(detection, outputs) {
    const { layout, units = 'pixels', objectness = layout === 'rows' } = detection;
    const first = layout === 'final' ? 6 : objectness ? 5 : 4;
    const want = {
      columns: `[1, ${first} + classes, N]`,
      rows: `[1, N, ${first} + classes]`,
      final: '[1, N, 6]',
    }[layout];
    const output = detection.output ?? [...outputs.tensors.keys()][0] ?? 'output';
    const { data, shape } = numbersOf(outputs, output, want, (given) => {
      const values = given.at(layout === 'columns' ? -2 : -1)!;
      const enough = layout === 'final' ? values === 6 : values > first;
      return enough && (given.length === 2 || (given.length === 3 && given[0] === 1));
    });
    const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
    const [count, values] = layout === 'columns' ? [columns, rows] : [rows, columns];
    const at = (box: number, value: number) =>
      data[layout === 'columns' ? value * columns + box : box * columns + value]!;
    const [unitX, unitY] = units === 'pixels' ? [1, 1] : [outputs.input.width, outputs.input.height];
    const found: Candidate[] = [];
    for (let box = 0; box < count; box += 1) {
      const best = layout === 'final' ? undefined : bestOf(first, values, (value) => at(box, value));
      const index = best ? best - first : Math.round(at(box, 5));
      const score = best ? at(box, best) * (objectness ? at(box, 4) : 1) : at(box, 4);
      if (!(score > outputs.threshold)) continue;
      const encoding = layout === 'final' ? 'corners' : 'centre';
      const [x1, y1, x2, y2] = cornersOf(encoding, at(box, 0), at(box, 1), at(box, 2), at(box, 3));
      found.push({ box: [x1 * unitX, y1 * unitY, x2 * unitX, y2 * unitY], index, score });
    }
    return found;
  },
  final: ({ layout }) => layout === 'final',
};

/** The place of the greatest value in [from, to); of equal ones the first. */
function bestOf(from: number, to: number, at: (value: number) => number): number {
  let best = from;
  for (let value = from + 1; value < to; value += 1) if (at(value) > at(best)) best = value;
  return best;
}
