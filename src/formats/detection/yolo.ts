import { cornersOf } from './box.ts';
import { type Heads, isBatch, misfitOf, numbersOf, type PostProcessing, type YoloDetection } from './spec.ts';
import type { Candidate } from './suppression.ts';
import { cellsOf, type DecodeCell } from './yolo-cells.ts';
import { type YoloHead, yoloHead } from './yolo-head.ts';

/** The best class of each box is its candidate. */
export const yolo: PostProcessing<YoloDetection> = {
  misfits(detection, heads) {
    const { layout } = detection;
    const output = outputOf(detection, heads);
    const want = { columns: '[1, values, N]', rows: '[1, N, values]', final: '[1, N, values]' }[layout];
    const misfits = misfitOf(heads, output, want, (shape) => isBatch(shape, 3));
    const shape = heads.shapes.get(output);
    if (misfits.length > 0 || !shape) return misfits;
    const { count, values } = extentsOf(detection, shape);
    const head = yoloHead(detection, values, heads);
    const got = `[${shape.join(', ')}]`;
    if (typeof head === 'string') return [{ output, got, want: head }];
    return strideMisfits(detection, heads, count).map((wanted) => ({ output, got, want: wanted }));
  },
  candidates(detection, outputs) {
    const { layout, units = 'pixels' } = detection;
    const output = outputOf(detection, outputs);
    const data = numbersOf(outputs, output);
    const { count, values } = extentsOf(detection, outputs.tensors.get(output)!.shape);
    const head = yoloHead(detection, values, outputs) as YoloHead;
    const [perBox, perValue] = layout === 'columns' ? [1, count] : [values, 1];
    const unit =
      units === 'pixels' ? ([1, 1] as const) : ([outputs.input.width, outputs.input.height] as const);
    const decode = detection.strides && cellsOf(detection.strides, outputs.input);
    const found: Candidate[] = [];
    for (let box = 0; box < count; box += 1) {
      const at = (value: number) => data[box * perBox + value * perValue]!;
      const { index, score } =
        layout === 'final' ? { index: Math.round(at(5)), score: at(4) } : best(head, at);
      if (score > outputs.threshold)
        found.push({ ...placed(detection, head, at, unit, decode?.(box)), index, score });
    }
    return found;
  },
  final: ({ layout }) => layout === 'final',
};

function outputOf({ output }: YoloDetection, { shapes }: Heads): string {
  return output ?? [...shapes.keys()][0] ?? 'output';
}

function extentsOf({ layout }: YoloDetection, shape: readonly number[]): { count: number; values: number } {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return layout === 'columns' ? { count: columns, values: rows } : { count: rows, values: columns };
}

function strideMisfits({ strides }: YoloDetection, { input }: Heads, count: number): string[] {
  if (!strides || !input) return [];
  const cells = strides.reduce(
    (sum, stride) => sum + Math.floor(input.width / stride) * Math.floor(input.height / stride),
    0,
  );
  const size = `${input.width} x ${input.height}`;
  return cells === count ? [] : [`${cells} boxes, one per cell of ${strides.join(', ')} pixels of ${size}`];
}

/** The greatest class; of equal ones the first. */
function best(
  { first, classes, objectness }: YoloHead,
  at: (value: number) => number,
): { index: number; score: number } {
  let greatest = first;
  for (let value = first + 1; value < first + classes; value += 1)
    if (at(value) > at(greatest)) greatest = value;
  return { index: greatest - first, score: at(greatest) * (objectness ? at(4) : 1) };
}

/** The box, and its key points, in pixels of the input. */
function placed(
  { layout, encoding = layout === 'final' ? 'corners' : 'centre' }: YoloDetection,
  { first, classes, keypoints }: YoloHead,
  at: (value: number) => number,
  [unitX, unitY]: readonly [number, number],
  decode: DecodeCell | undefined,
): Pick<Candidate, 'box' | 'keypoints'> {
  const raw = [at(0), at(1), at(2), at(3)] as const;
  const [x1, y1, x2, y2] = cornersOf(encoding, ...(decode ? decode(raw) : raw));
  const box = [x1 * unitX, y1 * unitY, x2 * unitX, y2 * unitY] as const;
  if (!keypoints) return { box };
  const [count, values] = keypoints;
  const points = Array.from({ length: count }, (_, point) => {
    const from = first + classes + point * values;
    const [x, y] = [at(from) * unitX, at(from + 1) * unitY];
    return values === 3 ? ([x, y, at(from + 2)] as const) : ([x, y] as const);
  });
  return { box, keypoints: points };
}
