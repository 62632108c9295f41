import { sigmoid, softmax } from '../softmax.ts';
import { type Corners, cornersOf } from './box.ts';
import { numbersOf, type Outputs, type PostProcessing, type SsdDetection } from './spec.ts';
import type { Candidate } from './suppression.ts';

/** Every class of a box whose score passes is a candidate of its own. */
export const ssd: PostProcessing<SsdDetection> = {
  candidates(detection, outputs) {
    const { boxes: name, encoding, units } = detection;
    const boxes = numbersOf(outputs, name, '[1, N, 4]', (shape) => shape.at(-1) === 4 && isBatch(shape, 3));
    const count = boxes.data.length / 4;
    const [unitX, unitY] = units === 'pixels' ? [1, 1] : [outputs.input.width, outputs.input.height];
    const boxAt = (at: number): Corners => {
      const four = offset(detection, at, boxes.data.subarray(at * 4, at * 4 + 4));
      const [x1, y1, x2, y2] = cornersOf(encoding, four[0]!, four[1]!, four[2]!, four[3]!);
      return [x1 * unitX, y1 * unitY, x2 * unitX, y2 * unitY];
    };
    checkPriors(detection, boxes.shape, count, outputs);
    if (detection.classes !== undefined) return chosenByModel(detection, outputs, count, boxAt);
    const want = `[1, ${count}, classes]`;
    const scores = numbersOf(
      outputs,
      detection.scores,
      want,
      (shape) => isBatch(shape, 3) && shape.at(-2) === count,
    );
    const classes = scores.shape.at(-1)!;
    const found: Candidate[] = [];
    for (let at = 0; at < count; at += 1) {
      const own = activated(detection, scores.data.subarray(at * classes, (at + 1) * classes));
      for (let index = 0; index < classes; index += 1) {
        const score = own[index]!;
        if (index !== detection.background && score > outputs.threshold)
          found.push({ box: boxAt(at), index, score });
      }
    }
    return found;
  },
  final: ({ classes }) => classes !== undefined,
};

/** With or without the batch of 1. */
function isBatch(shape: readonly number[], rank: number): boolean {
  return shape.length === rank - 1 || (shape.length === rank && shape[0] === 1);
}

function activated({ activation = 'none' }: SsdDetection, scores: Float64Array): ArrayLike<number> {
  if (activation === 'none') return scores;
  return activation === 'softmax' ? softmax(scores) : scores.map(sigmoid);
}

function checkPriors(
  { boxes, priors }: SsdDetection,
  shape: readonly number[],
  count: number,
  outputs: Outputs,
): void {
  if (!priors || priors.length === count) return;
  numbersOf(
    outputs,
    boxes,
    `[1, ${priors.length}, 4], one box per prior, instead of [${shape}]`,
    () => false,
  );
}

/**
 * An offset from its prior (SSD, section 2): the centre moves by parts of the prior's size, the size grows exponentially.
 * Only of boxes that are given by their centre.
 */
function offset(
  { priors, encoding, variances = [0.1, 0.2] }: SsdDetection,
  at: number,
  raw: Float64Array,
): ArrayLike<number> {
  const prior = priors?.[at];
  if (!prior) return raw;
  const [cx, cy, w, h] = prior as [number, number, number, number];
  const yx = encoding === 'centre-yx';
  const [dx, dy, dw, dh] = yx ? [raw[1]!, raw[0]!, raw[3]!, raw[2]!] : [raw[0]!, raw[1]!, raw[2]!, raw[3]!];
  const [centre, size] = variances as [number, number];
  const x = cx + dx * centre * w;
  const y = cy + dy * centre * h;
  const [width, height] = [w * Math.exp(dw * size), h * Math.exp(dh * size)];
  return yx ? [y, x, height, width] : [x, y, width, height];
}

function chosenByModel(
  { scores: name, classes }: SsdDetection,
  outputs: Outputs,
  count: number,
  boxAt: (at: number) => Corners,
): Candidate[] {
  const perBox = (output: string) =>
    numbersOf(outputs, output, `[1, ${count}]`, (shape) => isBatch(shape, 2) && shape.at(-1) === count).data;
  const [scores, indices] = [perBox(name), perBox(classes!)];
  return Array.from(scores.keys())
    .filter((at) => scores[at]! > outputs.threshold)
    .map((at) => ({ box: boxAt(at), index: Math.round(indices[at]!), score: scores[at]! }));
}
