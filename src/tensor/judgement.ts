import { type Difference, type Distance, distancesOf, mostOf } from './difference.ts';
import type { DType } from './dtype.ts';
import type { Tensor } from './tensor.ts';

type Outputs = ReadonlyMap<string, Tensor>;

/** What rounding alone does to each output: the largest change of an element, where it was measured. */
export type Noise = ReadonlyMap<string, number>;

/** Rounding in another order may do more than one measurement shows: so many times the noise passes. */
export const NOISE_FACTOR = 4;
/** However loud a model is, no more than this part of an output's largest magnitude passes as noise. */
export const MOST_NOISE = 0.1;

const FLOATS: ReadonlySet<DType> = new Set(['float64', 'float32', 'float16']);
/** Their elements are magnitudes in steps; those of wider integers are numbers of classes and places, which are never near. */
const STEPS: ReadonlySet<DType> = new Set(['int8', 'uint8']);

export interface Allowance {
  /** A part of the output's largest magnitude. */
  readonly tolerance: number;
  /** True where feature maps lost some of their precision on the way, so that integers may differ, too. */
  readonly lossy?: boolean;
  readonly noise?: Noise;
}

/** What the output that is furthest beyond its bound, or nearest to it, was measured by. */
export interface Bound {
  readonly output: string;
  /** `exact`: integers; `tolerance`: the part of the largest magnitude; `noise`: what rounding does to the model. */
  readonly kind: 'exact' | 'tolerance' | 'noise';
  /** Largest |a - b| that passes. */
  readonly limit: number;
  /** What was found. */
  readonly largest: number;
}

export interface Judgement extends Difference {
  readonly ok: boolean;
  readonly bound: Bound;
}

/** Whether `got` is `wanted` but for what is allowed: the one judgement of `verify` and of golden outputs. */
export function judge(got: Outputs, wanted: Outputs, allowance: Allowance): Judgement {
  const distances = distancesOf(got, wanted);
  const bounds = distances.map((distance) =>
    boundOf(distance, wanted.get(distance.output)?.dtype, allowance),
  );
  const passes = ({ largest, limit }: Bound) => largest <= limit;
  // 0 of 0 allowed is as near as can be
  const used = ({ largest, limit }: Bound) => (largest === 0 ? 0 : largest / limit);
  const none: Bound = { output: '', kind: 'exact', limit: 0, largest: 0 };
  const bound = bounds.reduce((worst, each) => (used(each) > used(worst) ? each : worst), bounds[0] ?? none);
  return { ...mostOf(distances), ok: bounds.every(passes), bound };
}

function boundOf(
  { output, largest, magnitude }: Distance,
  dtype: DType | undefined,
  { tolerance, lossy = false, noise }: Allowance,
): Bound {
  const near = dtype === undefined || FLOATS.has(dtype) || STEPS.has(dtype) || lossy;
  if (!near) return { output, kind: 'exact', limit: 0, largest };
  const limit = tolerance * magnitude;
  const rounding = Math.min(NOISE_FACTOR * (noise?.get(output) ?? 0), MOST_NOISE * magnitude);
  // a limit that is infinite or no number would let everything pass
  if (rounding > limit) return { output, kind: 'noise', limit: rounding, largest };
  return { output, kind: 'tolerance', limit, largest };
}

/** The limit in words: how large it is, and where it came from. */
export function boundText({ kind, limit, output }: Bound, tolerance: number): string {
  switch (kind) {
    case 'exact':
      return `0, because ${output} holds integers`;
    case 'tolerance':
      return `${tolerance} of the largest magnitude`;
    case 'noise':
      return `${limit.toExponential(2)} of ${output}, ${NOISE_FACTOR} times what rounding does to this model here`;
  }
}
