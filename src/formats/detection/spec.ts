import type { Shape } from '../../tensor/region.ts';
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
  /** The class that stands for nothing. Labels may leave it out: there is one less of them than of classes then. */
  readonly background?: number;
  /** Boxes [cx, cy, w, h] from which the boxes are offsets, in `units`. */
  readonly priors?: readonly (readonly number[])[];
  /** What offsets of the centre and of the size are multiplied with. Default [0.1, 0.2]. */
  readonly variances?: readonly number[];
}

export const YOLO_LAYOUTS = ['columns', 'rows', 'final'] as const;

/** Of each key point, x and y, or x, y and how sure it is. */
export type KeypointShape = readonly [count: number, values: number];

/** All in one tensor, as YOLO has it from version 5 on. The number of labels tells where the classes end. */
export interface YoloDetection extends Thresholds {
  readonly type: 'yolo';
  /** Default: the first output. */
  readonly output?: string;
  /**
   * `columns`: [1, 4 + classes, N]; `rows`: [1, N, 5 + classes]; `final`: [1, N, 6], box, score and class. Mask coefficients or
   * key points may follow.
   */
  readonly layout: (typeof YOLO_LAYOUTS)[number];
  /** The fifth value is how sure it is that there is anything. Default: for `rows` unless labels explain all but 4, else false. */
  readonly objectness?: boolean;
  /** Of boxes and key points. Default `pixels`. */
  readonly units?: (typeof UNITS)[number];
  /** Default: `corners` for `final`, else `centre`. */
  readonly encoding?: Encoding;
  /** Boxes are still relative to the cells of grids, of this many pixels each, as YOLOX exports them. */
  readonly strides?: readonly number[];
  /** Default: [17, 3] where 51 values follow the classes, else none. */
  readonly keypoints?: KeypointShape;
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

/** What is known of a model before it runs. */
export interface Heads {
  /** By output; undefined where it differs from run to run. */
  readonly shapes: ReadonlyMap<string, Shape | undefined>;
  readonly labels: number;
  /** Undefined where the manifest does not say which input takes the picture. */
  readonly input?: Extent | undefined;
}

/** What a model gave, and how large its input is. */
export interface Outputs extends Heads {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly input: Extent;
  readonly threshold: number;
}

/** An output that is not what the manifest says of it. */
export interface Misfit {
  readonly output: string;
  readonly got: string;
  readonly want: string;
}

/** How the outputs become boxes; `final`: the model has suppressed what overlaps. */
export interface PostProcessing<D extends Detection> {
  /** Empty where the outputs fit, as far as their shapes are known. */
  misfits(detection: D, heads: Heads): Misfit[];
  /** Of outputs that fit. */
  candidates(detection: D, outputs: Outputs): Candidate[];
  final(detection: D): boolean;
  /** Which label names a class. Default: that of the same number. */
  labelAt?(detection: D, index: number, heads: Heads): number;
}

/** An output that is absent is a misfit, and one that `fits` not; one whose shape is not known is none. */
export function misfitOf(
  { shapes }: Heads,
  output: string,
  want: string,
  fits: (shape: Shape) => boolean,
): Misfit[] {
  if (!shapes.has(output)) return [{ output, got: 'not there', want }];
  const shape = shapes.get(output);
  return !shape || fits(shape) ? [] : [{ output, got: `[${shape.join(', ')}]`, want }];
}

export function numbersOf({ tensors }: Outputs, output: string): Float64Array {
  return convertTensor(tensors.get(output)!, 'float64').data;
}

/** With or without the batch of 1. */
export function isBatch(shape: Shape, rank: number): boolean {
  return shape.length === rank - 1 || (shape.length === rank && shape[0] === 1);
}
