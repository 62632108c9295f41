import type { Tensor } from '../../tensor/tensor.ts';
import type { Extent, Placement } from '../pictures/placement.ts';
import { inPicture } from './box.ts';
import type { Detection, PostProcessing } from './spec.ts';
import { ssd } from './ssd.ts';
import { byScore, suppressed, suppressedByClass } from './suppression.ts';
import { yolo } from './yolo.ts';
import { yoloGrid } from './yolo-grid.ts';

/** Something that was found in a picture. */
export interface DetectedObject {
  /** `class 17` where class 17 has no name. */
  readonly label: string;
  readonly index: number;
  readonly score: number;
  /** Left, top, width and height, in pixels of the picture. */
  readonly box: readonly [x: number, y: number, width: number, height: number];
}

/** Every post-processing by name. A new one is a file beside these and a line here. */
const POST_PROCESSINGS = { ssd, yolo, 'yolo-grid': yoloGrid } as const;

/** Where in the input the picture lies: a tensor that was no picture is one of the input's size. */
export interface Seen {
  readonly input: Extent;
  readonly placement?: Placement;
}

/** The objects that a detection model found, the surest first. Throws ISO_ERR_OUTPUT_MISMATCH. */
export function detectedObjects(
  detection: Detection,
  tensors: ReadonlyMap<string, Tensor>,
  labels: readonly string[],
  { input, placement }: Seen,
): DetectedObject[] {
  const { scoreThreshold: threshold = 0.25, iouThreshold = 0.45, maxDetections = 100 } = detection;
  const processing = POST_PROCESSINGS[detection.type] as PostProcessing<Detection>;
  const candidates = processing.candidates(detection, { tensors, input, threshold });
  const suppress = detection.classAgnostic ? suppressed : suppressedByClass;
  const kept = processing.final(detection)
    ? byScore(candidates).slice(0, maxDetections)
    : suppress(candidates, iouThreshold, maxDetections);
  const place = placement ?? { picture: input, scaled: input, left: 0, top: 0 };
  return kept.map(({ box, index, score }) => ({
    label: labels[index] || `class ${index}`,
    index,
    score,
    box: inPicture(box, place),
  }));
}
