import { roundEven } from './even.ts';
import { KERNEL_FUNCTIONS } from './kernels.ts';
import type { Resampling } from './resampling.ts';

/**
 * One axis of a resize: pixels [from, from + size) of the picture become `scaled` pixels, of which [first, first + count)
 * are wanted.
 */
export interface Axis {
  readonly from: number;
  readonly size: number;
  readonly scaled: number;
  readonly first: number;
  readonly count: number;
}

/** Output pixel i is the sum over t of `weights[i * taps + t]` times pixel `starts[i] + t`; each sum of weights is 1. */
export interface Taps {
  readonly taps: number;
  readonly starts: Int32Array;
  readonly weights: Float64Array;
}

/** Models see pictures of few sizes, so their weights are kept; a stream of many sizes pushes the oldest out. */
const KEPT = 32;
const kept = new Map<string, Taps>();

export function tapsOf(axis: Axis, resampling: Resampling): Taps {
  const key = JSON.stringify([axis, resampling]);
  const known = kept.get(key);
  const taps = known ?? compact(axis, weightsOf(axis, resampling), resampling.weightBits);
  // an entry that is used becomes the newest one
  kept.delete(key);
  kept.set(key, taps);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return taps;
}

/** Of output pixel i, by source pixel within the axis. */
type Weights = readonly (readonly [pixel: number, weight: number])[];

function weightsOf(axis: Axis, resampling: Resampling): Weights[] {
  const { kernel } = resampling;
  const each =
    kernel === 'nearest'
      ? nearest(axis, resampling)
      : kernel === 'area'
        ? area(axis)
        : smooth(axis, kernel, resampling);
  return Array.from({ length: axis.count }, (_, at) => each(axis.first + at));
}

/** The source position of output pixel `at`, as an index: 0 is the centre of the first pixel. */
export function positionOf(at: number, { size, scaled }: Axis, { coordinates }: Resampling): number {
  switch (coordinates) {
    case 'half-pixel':
      return (at + 0.5) * (size / scaled) - 0.5;
    case 'asymmetric':
      return at * (size / scaled);
    case 'align-corners':
      return scaled > 1 ? at * ((size - 1) / (scaled - 1)) : 0;
  }
}

function nearest(axis: Axis, resampling: Resampling): (at: number) => Weights {
  const { size, scaled } = axis;
  const position = (at: number): number => {
    const half = resampling.coordinates === 'half-pixel' ? 0.5 : 0;
    switch (resampling.positions) {
      case 'float32':
        return Math.floor(Math.fround((at + half) * Math.fround(size / scaled)));
      case 'inverse':
        return Math.floor(at * (1 / (scaled / size)));
      case 'float64':
        return resampling.coordinates === 'align-corners'
          ? Math.round(positionOf(at, axis, resampling))
          : Math.floor((at + half) * (size / scaled));
      case 'added':
        return Math.floor(added(at, size / scaled));
    }
  };
  return (at) => [[Math.min(position(at), size - 1), 1]];
}

/** (at + 0.5) * step as a sum, step by step: Pillow's rounding decides where it falls on the border of two pixels. */
function added(at: number, step: number): number {
  let sum = step * 0.5;
  for (let i = 0; i < at; i += 1) sum += step;
  return sum;
}

/** Each pixel by the part of the output pixel that it covers. */
function area({ size, scaled }: Axis): (at: number) => Weights {
  const scale = size / scaled;
  return (at) => {
    const [start, end] = [at * scale, Math.min(size, (at + 1) * scale)];
    const weights: [number, number][] = [];
    for (let pixel = Math.floor(start); pixel < end; pixel += 1)
      weights.push([pixel, (Math.min(end, pixel + 1) - Math.max(start, pixel)) / scale]);
    return weights;
  };
}

function smooth(
  axis: Axis,
  kernel: keyof typeof KERNEL_FUNCTIONS,
  resampling: Resampling,
): (at: number) => Weights {
  const { antialias, edges, weightBits } = resampling;
  // where weights have few bits, positions have those of float32
  const precise = weightBits === undefined ? (value: number) => value : Math.fround;
  const { radius, weight } = KERNEL_FUNCTIONS[kernel];
  const { size, scaled } = axis;
  const stretch = antialias ? Math.max(1, size / scaled) : 1;
  const reach = radius * stretch;
  return (at) => {
    const centre = precise(positionOf(at, axis, resampling));
    // pixels whose centres are at most `reach` away, by Pillow's rounding
    let [start, end] = [Math.trunc(centre - reach + 1), Math.trunc(centre + reach + 1)];
    if (edges === 'replicate') [start, end] = [Math.ceil(centre - reach), Math.floor(centre + reach) + 1];
    else [start, end] = [Math.max(0, start), Math.min(size, end)];
    const pixels = Array.from({ length: Math.max(0, end - start) }, (_, t) => start + t);
    const weights = pixels.map((pixel) => weight((pixel - centre) * (1 / stretch)));
    const sum = weights.reduce((total, each) => total + each, 0);
    return pixels.map((pixel, t) => [Math.min(Math.max(pixel, 0), size - 1), weights[t]! / sum] as const);
  };
}

/** As many taps for each output pixel, none of them beyond the picture. */
function compact({ from, size, count }: Axis, weights: readonly Weights[], bits?: number): Taps {
  const ends = weights.map((each) => {
    const pixels = each.map(([pixel]) => pixel);
    return [Math.min(...pixels), Math.max(...pixels) + 1] as const;
  });
  const taps = Math.max(...ends.map(([start, end]) => end - start));
  const one = bits && 2 ** bits;
  const made = { taps, starts: new Int32Array(count), weights: new Float64Array(count * taps) };
  weights.forEach((each, at) => {
    const start = Math.min(ends[at]![0], size - taps);
    made.starts[at] = from + start;
    for (const [pixel, weight] of each)
      made.weights[at * taps + pixel - start]! += one === undefined ? weight : roundEven(weight * one) / one;
  });
  return made;
}
