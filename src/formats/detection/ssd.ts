import { sigmoid, softmax } from '../softmax.ts';
import { type Corners, cornersOf } from './box.ts';
import {
  type Heads,
  isBatch,
  type Misfit,
  misfitOf,
  numbersOf,
  type Outputs,
  type PostProcessing,
  type SsdDetection,
} from './spec.ts';
import type { Candidate } from './suppression.ts';

/** Every class of a box whose score passes is a candidate of its own. */
export const ssd: PostProcessing<SsdDetection> = {
  misfits(detection, heads) {
    const { boxes, priors } = detection;
    const isBoxes = (shape: readonly number[]) => shape.at(-1) === 4 && isBatch(shape, 3);
    const misfits = misfitOf(heads, boxes, '[1, N, 4]', isBoxes);
    const shape = misfits.length === 0 ? heads.shapes.get(boxes) : undefined;
    if (priors && shape)
      misfits.push(
        ...misfitOf(
          heads,
          boxes,
          `[1, ${priors.length}, 4], one box per prior`,
          () => shape.at(-2) === priors.length,
        ),
      );
    return [...misfits, ...scoreMisfits(detection, heads, shape?.at(-2))];
  },
  candidates(detection, outputs) {
    const { boxes: name, encoding, units } = detection;
    const boxes = numbersOf(outputs, name);
    const count = boxes.length / 4;
    const [unitX, unitY] = units === 'pixels' ? [1, 1] : [outputs.input.width, outputs.input.height];
    const boxAt = (at: number): Corners => {
      const four = offset(detection, at, boxes.subarray(at * 4, at * 4 + 4));
      const [x1, y1, x2, y2] = cornersOf(encoding, four[0]!, four[1]!, four[2]!, four[3]!);
      return [x1 * unitX, y1 * unitY, x2 * unitX, y2 * unitY];
    };
    if (detection.classes !== undefined) return chosenByModel(detection, outputs, boxAt);
    const scores = numbersOf(outputs, detection.scores);
    const classes = scores.length / count;
    const found: Candidate[] = [];
    for (let at = 0; at < count; at += 1) {
      const own = activated(detection, scores.subarray(at * classes, (at + 1) * classes));
      for (let index = 0; index < classes; index += 1) {
        const score = own[index]!;
        if (index !== detection.background && score > outputs.threshold)
          found.push({ box: boxAt(at), index, score });
      }
    }
    return found;
  },
  final: ({ classes }) => classes !== undefined,
  labelAt({ scores, classes, background }, index, { shapes, labels }) {
    const short = classes === undefined && shapes.get(scores)?.at(-1) === labels + 1;
    return short && background !== undefined && index > background ? index - 1 : index;
  },
};

function scoreMisfits(
  { scores, classes, background }: SsdDetection,
  heads: Heads,
  count: number | undefined,
): Misfit[] {
  const isCount = (extent: number | undefined) => count === undefined || extent === count;
  const shown = count ?? 'N';
  if (classes !== undefined)
    return [scores, classes].flatMap((output) =>
      misfitOf(heads, output, `[1, ${shown}]`, (shape) => isBatch(shape, 2) && isCount(shape.at(-1))),
    );
  const { labels } = heads;
  const counts = labels === 0 ? [] : background === undefined ? [labels] : [labels, labels + 1];
  const wanted = counts.length === 0 ? 'classes' : `${counts.join(' or ')} classes, by the number of labels`;
  return misfitOf(heads, scores, `[1, ${shown}, ${wanted}]`, (shape) => {
    const fits = isBatch(shape, 3) && isCount(shape.at(-2));
    return fits && (counts.length === 0 || counts.includes(shape.at(-1)!));
  });
}

function activated({ activation = 'none' }: SsdDetection, scores: Float64Array): ArrayLike<number> {
  if (activation === 'none') return scores;
  return activation === 'softmax' ? softmax(scores) : scores.map(sigmoid);
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
  { scores: name, classes, background }: SsdDetection,
  outputs: Outputs,
  boxAt: (at: number) => Corners,
): Candidate[] {
  const [scores, classNumbers] = [numbersOf(outputs, name), numbersOf(outputs, classes!)];
  const indices = Array.from(classNumbers, Math.round);
  return Array.from(scores.keys())
    .filter((at) => scores[at]! > outputs.threshold && indices[at] !== background)
    .map((at) => ({ box: boxAt(at), index: indices[at]!, score: scores[at]! }));
}
