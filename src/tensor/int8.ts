import { eachRun } from './copy.ts';
import { scalesOf } from './precision.ts';
import { type Region, regionShape, regionSize, type Shape, sizeOf } from './region.ts';

/** Float32 values as int8 multiples of scales: one scale per channel, or one in all, as `scalesOf` says. */
export interface Quantised {
  /** Of the region, in row-major order. */
  readonly elements: Int8Array;
  readonly scales: Float32Array;
}

/** Magnitudes below this are zero: the inverse of their scale would be infinite. */
const TINY = 1e-30;
const MOST = 127;

/** The region with the smallest scales that hold it. An element is off by half of its scale at most. */
export function quantise(source: Float32Array, shape: Shape, region: Region): Quantised {
  const own = regionShape(region);
  const scales = new Float32Array(scalesOf(own));
  const elements = new Int8Array(regionSize(region));
  const bits = new Int32Array(source.buffer, source.byteOffset, source.length);
  const magnitudes = new Int32Array(scales.length);
  const visit = (with_: (scale: number, offset: number, at: number, length: number) => void) =>
    eachRun(shape, region, 0, elements.length, (offset, at, length) =>
      eachScale(own, scales.length, at, length, (scale, skip, part) =>
        with_(scale, offset + skip, at + skip, part),
      ),
    );
  visit((scale, offset, _, length) => {
    magnitudes[scale] = Math.max(magnitudes[scale]!, largestBits(bits, offset, length));
  });
  scales.set(new Float32Array(magnitudes.buffer));
  for (let at = 0; at < scales.length; at += 1) {
    const scale = scales[at]! / MOST;
    scales[at] = scale < TINY ? 0 : scale;
  }
  visit((scale, offset, at, length) => round(source, offset, scales[scale]!, elements, at, length));
  return { elements, scales };
}

/**
 * Writes int8 elements [from, from + elements.length) of the region, counted in row-major order, times their scales.
 */
export function placeQuantised(
  target: Float32Array,
  shape: Shape,
  region: Region,
  { elements, scales }: Quantised,
  from = 0,
): void {
  const own = regionShape(region);
  eachRun(shape, region, from, elements.length, (offset, at, length) => {
    eachScale(own, scales.length, from + at, length, (scale, skip, part) => {
      multiply(elements, at + skip, scales[scale]!, target, offset + skip, part);
    });
  });
}

/** Splits `length` elements from element `at` of a tensor on where the scale changes. */
function eachScale(
  shape: Shape,
  scales: number,
  at: number,
  length: number,
  visit: (scale: number, skip: number, length: number) => void,
): void {
  const plane = scales === 1 ? Number.POSITIVE_INFINITY : sizeOf(shape.slice(2));
  for (let skip = 0; skip < length; ) {
    const channel = scales === 1 ? 0 : Math.floor((at + skip) / plane);
    const part = Math.min(length - skip, (channel + 1) * plane - at - skip);
    visit(channel % scales, skip, part);
    skip += part;
  }
}

/** The bits of the largest magnitude: without their sign, floats are ordered as their bits are, infinity and NaN last. */
function largestBits(bits: Int32Array, from: number, length: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const end = from + length;
  let at = from;
  for (; at + 3 < end; at += 4) {
    const w = bits[at]! & 0x7fffffff;
    const x = bits[at + 1]! & 0x7fffffff;
    const y = bits[at + 2]! & 0x7fffffff;
    const z = bits[at + 3]! & 0x7fffffff;
    a = w > a ? w : a;
    b = x > b ? x : b;
    c = y > c ? y : c;
    d = z > d ? z : d;
  }
  for (; at < end; at += 1) a = Math.max(a, bits[at]! & 0x7fffffff);
  return Math.max(a, b, c, d);
}

function round(
  source: Float32Array,
  from: number,
  scale: number,
  target: Int8Array,
  to: number,
  length: number,
): void {
  const inverse = scale === 0 ? 0 : 1 / scale;
  let at = 0;
  // adding 128 first makes truncation a floor
  for (; at + 3 < length; at += 4) {
    target[to + at] = ((source[from + at]! * inverse + 128.5) | 0) - 128;
    target[to + at + 1] = ((source[from + at + 1]! * inverse + 128.5) | 0) - 128;
    target[to + at + 2] = ((source[from + at + 2]! * inverse + 128.5) | 0) - 128;
    target[to + at + 3] = ((source[from + at + 3]! * inverse + 128.5) | 0) - 128;
  }
  for (; at < length; at += 1) target[to + at] = ((source[from + at]! * inverse + 128.5) | 0) - 128;
}

function multiply(
  source: Int8Array,
  from: number,
  scale: number,
  target: Float32Array,
  to: number,
  length: number,
): void {
  let at = 0;
  for (; at + 3 < length; at += 4) {
    target[to + at] = source[from + at]! * scale;
    target[to + at + 1] = source[from + at + 1]! * scale;
    target[to + at + 2] = source[from + at + 2]! * scale;
    target[to + at + 3] = source[from + at + 3]! * scale;
  }
  for (; at < length; at += 1) target[to + at] = source[from + at]! * scale;
}
