import { IsobathError } from '../../base/errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Extent, Placement } from '../pictures/placement.ts';
import { inPicture, type Keypoint, pointInPicture } from './box.ts';
import type { Detection, Heads, Misfit, PostProcessing } from './spec.ts';
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
  /** Of models that find points: x and y in pixels of the picture, and how sure it is where the model says that. */
  readonly keypoints?: readonly Keypoint[];
}

/** Every post-processing by name. A new one is a file beside these and a line here. */
const POST_PROCESSINGS = { ssd, yolo, 'yolo-grid': yoloGrid } as const;

/** Where in the input the picture lies: a tensor that was no picture is one of the input's size. */
export interface Seen {
  readonly input: Extent;
  readonly placement?: Placement;
}

/** Outputs that are not what the manifest says of them; one whose shape is not known yet is none of these. */
export function detectionMisfits(detection: Detection, heads: Heads): Misfit[] {
  return processingOf(detection).misfits(detection, heads);
}

/** The objects that a detection model found, the surest first. Throws ISO_ERR_OUTPUT_MISMATCH. */
export function detectedObjects(
  detection: Detection,
  tensors: ReadonlyMap<string, Tensor>,
  labels: readonly string[],
  { input, placement }: Seen,
): DetectedObject[] {
  const { scoreThreshold: threshold = 0.25, iouThreshold = 0.45, maxDetections = 100 } = detection;
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  const outputs = { shapes, labels: labels.length, tensors, input, threshold };
  const processing = processingOf(detection);
  const [misfit] = processing.misfits(detection, outputs);
  if (misfit) throw IsobathError.of('ISO_ERR_OUTPUT_MISMATCH', { ...misfit });
  const candidates = processing.candidates(detection, outputs);
  const suppress = detection.classAgnostic ? suppressed : suppressedByClass;
  const kept = processing.final(detection)
    ? byScore(candidates).slice(0, maxDetections)
    : suppress(candidates, iouThreshold, maxDetections);
  const place = placement ?? { picture: input, scaled: input, left: 0, top: 0 };
  const labelAt = (index: number) => processing.labelAt?.(detection, index, outputs) ?? index;
  return kept.map(({ box, index, score, keypoints }) => ({
    label: labels[labelAt(index)] || `class ${index}`,
    index,
    score,
    box: inPicture(box, place),
    ...(keypoints ? { keypoints: keypoints.map((point) => placed(point, place)) } : {}),
  }));
}

function placed([x, y, score]: Keypoint, placement: Placement): Keypoint {
  const point = pointInPicture(x, y, placement);
  return score === undefined ? point : [...point, score];
}

function processingOf({ type }: Detection): PostProcessing<Detection> {
  return POST_PROCESSINGS[type] as PostProcessing<Detection>;
}
