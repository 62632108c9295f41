import { sigmoid, softmax } from '../softmax.ts';
import { cornersOf } from './box.ts';
import { misfitOf, numbersOf, type Outputs, type PostProcessing, type YoloGridDetection } from './spec.ts';
import type { Candidate } from './suppression.ts';

/**
 * Each cell of a grid has some anchors, and each anchor (YOLO9000, section 2; YOLOv3, section 2.1)
 *
 *     x = (column + sigmoid(tx)) * cell    y = (row + sigmoid(ty)) * cell    w = anchor * exp(tw)    h = anchor * exp(th)
 *
 * score = sigmoid(to) * the best class.
 */
export const yoloGrid: PostProcessing<YoloGridDetection> = {
  misfits: ({ grids }, heads) =>
    grids.flatMap(({ output, anchors }) => {
      const { labels } = heads;
      const want = `[1, ${anchors.length} * (5 + ${labels || 'classes'}), rows, columns]`;
      return misfitOf(heads, output, want, ([batch, depth = 0, ...plane]) => {
        const classes = depth / anchors.length - 5;
        const fits = labels === 0 ? Number.isInteger(classes) && classes > 0 : classes === labels;
        return batch === 1 && plane.length === 2 && fits;
      });
    }),
  candidates: (detection, outputs) =>
    detection.grids.flatMap((grid) => candidatesOf(detection, grid, outputs)),
  final: () => false,
};

function candidatesOf(
  { anchorUnits = 'pixels', activation = 'sigmoid' }: YoloGridDetection,
  { output, anchors }: YoloGridDetection['grids'][number],
  outputs: Outputs,
): Candidate[] {
  const data = numbersOf(outputs, output);
  const { shape } = outputs.tensors.get(output)!;
  const [, depth, rows, columns] = shape as readonly [number, number, number, number];
  const values = depth / anchors.length;
  const plane = rows * columns;
  const [cellX, cellY] = [outputs.input.width / columns, outputs.input.height / rows];
  const found: Candidate[] = [];
  for (const [number, [width, height]] of anchors.entries()) {
    for (let cell = 0; cell < plane; cell += 1) {
      const at = (value: number) => data[(number * values + value) * plane + cell]!;
      const object = sigmoid(at(4));
      if (!(object > outputs.threshold)) continue;
      const raw = Float64Array.from({ length: values - 5 }, (_, index) => at(5 + index));
      const classes = activation === 'softmax' ? softmax(raw) : raw.map(sigmoid);
      const index = classes.reduce((best, value, each) => (value > classes[best]! ? each : best), 0);
      const score = object * classes[index]!;
      if (!(score > outputs.threshold)) continue;
      const x = ((cell % columns) + sigmoid(at(0))) * cellX;
      const y = (Math.floor(cell / columns) + sigmoid(at(1))) * cellY;
      const w = Math.exp(at(2)) * width! * (anchorUnits === 'cells' ? cellX : 1);
      const h = Math.exp(at(3)) * height! * (anchorUnits === 'cells' ? cellY : 1);
      found.push({ box: cornersOf('centre', x, y, w, h), index, score });
    }
  }
  return found;
}
