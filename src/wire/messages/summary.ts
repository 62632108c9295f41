import { amount, type Check, flag, integer, list, object, optional, refuse, text } from '../check.ts';

/** One class of a classifier's answer. */
export interface SummaryLabel {
  readonly label: string;
  readonly index: number;
  readonly probability: number;
}

/** Something that a detection model found. */
export interface SummaryObject {
  readonly label: string;
  readonly index: number;
  readonly score: number;
  /** Left, top, width and height, in pixels of the picture (of the input where a tensor was given). */
  readonly box: readonly number[];
  /** Of models that find points: x and y in the same pixels, and how sure it is where the model says that. */
  readonly keypoints?: readonly (readonly number[])[];
}

/** The paper's five terms in milliseconds, of the shard of a stage that ended last. */
export interface SummaryTimes {
  readonly partitionMs: number;
  readonly transmitMs: number;
  readonly edgeMs: number;
  readonly receiveMs: number;
  readonly joinMs: number;
}

export interface SummaryStage {
  readonly name: string;
  /** A partition scheme, or `local`. */
  readonly scheme: string;
  readonly shards: number;
  readonly bytes: number;
  readonly times: SummaryTimes;
  readonly totalMs: number;
}

/** In the last message of a result: what people and flows read of it. */
export interface ResultSummary {
  readonly model: string;
  /** Of the model, where it has one. */
  readonly version?: string;
  readonly request: string;
  /** Only of classifiers. */
  readonly top?: readonly SummaryLabel[];
  /** Only of detection models; the surest first. */
  readonly objects?: readonly SummaryObject[];
  /** True where a shard did not run where it was planned; the answer is right all the same. */
  readonly degraded: boolean;
  /** The precision of feature maps on their way, where that loses some: the answer is rounded by it. */
  readonly wire?: string;
  readonly agents: number;
  readonly totalMs: number;
  readonly stages: readonly SummaryStage[];
}

/** A model may give any number, NaN too. */
const anyNumber: Check<number> = (value, path) =>
  typeof value === 'number' ? value : refuse(path, 'is not a number');

export const resultSummary: Check<ResultSummary> = object<ResultSummary>({
  model: text(128),
  version: optional(text(128)),
  request: text(128),
  top: optional(
    list(object<SummaryLabel>({ label: text(1024), index: integer(), probability: anyNumber }), 1000),
  ),
  objects: optional(
    list(
      object<SummaryObject>({
        label: text(1024),
        index: integer(),
        score: anyNumber,
        box: list(anyNumber, 4),
        keypoints: optional(list(list(anyNumber, 3), 1000)),
      }),
      1000,
    ),
  ),
  degraded: flag,
  wire: optional(text(64)),
  agents: integer(),
  totalMs: amount,
  stages: list(
    object<SummaryStage>({
      name: text(512),
      scheme: text(64),
      shards: integer(),
      bytes: integer(),
      times: object<SummaryTimes>({
        partitionMs: amount,
        transmitMs: amount,
        edgeMs: amount,
        receiveMs: amount,
        joinMs: amount,
      }),
      totalMs: amount,
    }),
    65_536,
  ),
});
