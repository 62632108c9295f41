import { IsobathError } from '../../base/errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { convertTensor } from '../convert.ts';
import type { Extent } from '../pictures/placement.ts';
import type { Encoding } from './box.ts';
import type { Candidate } from './suppression.ts';

/** What every kind of detection has. */
interface Thresholds {
  /** Only boxes whose score is greater count. Default 0.25. */
  readonly scoreThreshold?: number;
  /** Of two boxes of a class that overlap by more, the better one stays. Default 0.45. */
  readonly iouThreshold?: number;
  /** Default 100. */
  readonly maxDetections?: number;
  /** Boxes of different classes, too, push one another out. Default false. */
  readonly classAgnostic?: boolean;
}

export const UNITS = ['pixels', 'normalised'] as const;
export const SCORE_ACTIVATIONS = ['none', 'sigmoid', 'softmax'] as const;

/** Boxes and scores in two tensors, as SSD and its kin have them. */
export interface SsdDetection extends Thresholds {
  readonly type: 'ssd';
  /** The output with the boxes, [1, N, 4]. */
  readonly boxes: string;
  /** The output with the scores, [1, N, classes]; [1, N] where `classes` names the output with the classes. */
  readonly scores: string;
  /** The output that says which class each box is of, [1, N]: of models that suppress boxes themselves. */
  readonly classes?: string;
  readonly encoding: Encoding;
  /** `normalised`: 1 is the whole width or height. */
  readonly units: (typeof UNITS)[number];
  readonly activation?: (typeof SCORE_ACTIVATIONS)[number];
  /** The class that stands for nothing. */
  readonly background?: number;
  /** Boxes [cx, cy, w, h] from which the boxes are offsets, in `units`. */
  readonly priors?: readonly (readonly number[])[];
  /** What offsets of the centre and of the size are multiplied with. Default [0.1, 0.2]. */
  readonly variances?: readonly number[];
}

export const YOLO_LAYOUTS = ['columns', 'rows', 'final'] as const;

/** All in one tensor, as YOLO has it from version 5 on. */
export interface YoloDetection extends Thresholds {
  readonly type: 'yolo';
  /** Default: the first output. */
  readonly output?: string;
  /** `columns`: [1, 4 + classes, N]; `rows`: [1, N, 5 + classes]; `final`: [1, N, 6], corners, score and class. */
  readonly layout: (typeof YOLO_LAYOUTS)[number];
  /** The fifth value is how sure it is that there is anything. Default: true for `rows`, else false. */
  readonly objectness?: boolean;
  /** Default `pixels`. */
  readonly units?: (typeof UNITS)[number];
}

export const CLASS_ACTIVATIONS = ['sigmoid', 'softmax'] as const;

/** The grids of YOLO versions 2 to 4, before anything is decoded. */
export interface YoloGridDetection extends Thresholds {
  readonly type: 'yolo-grid';
  /** One per output [1, anchors * (5 + classes), rows, columns]. */
  readonly grids: readonly { readonly output: string; readonly anchors: readonly (readonly number[])[] }[];
  /** Of the anchors' widths and heights. `cells` (version 2): 1 is a cell of the grid. Default `pixels`. */
  readonly anchorUnits?: 'pixels' | 'cells';
  /** Of the classes. `softmax` is version 2's. Default `sigmoid`. */
  readonly activation?: (typeof CLASS_ACTIVATIONS)[number];
}

export type Detection = SsdDetection | YoloDetection | YoloGridDetection;

/** What a model gave, and how large its input is. */
export interface Outputs {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly input: Extent;
  readonly threshold: number;
}

/** How the outputs become boxes; `final`: the model has suppressed what overlaps. */
export interface PostProcessing<D extends Detection> {
  candidates(detection: D, outputs: Outputs): Candidate[];
  final(detection: D): boolean;
}

/** The numbers of an output. Throws ISO_ERR_OUTPUT_MISMATCH where it is absent or `fits` not its shape. */
export function numbersOf(
  { tensors }: Outputs,
  output: string,
  want: string,
  fits: (shape: readonly number[]) => boolean,
): { readonly data: Float64Array; readonly shape: readonly number[] } {
  const tensor = tensors.get(output);
  if (tensor && fits(tensor.shape))
    return { data: convertTensor(tensor, 'float64').data, shape: tensor.shape };
  const got = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'not there';
  throw IsobathError.of('ISO_ERR_OUTPUT_MISMATCH', { output, got, want });
}
