import { ARRAYS, type ArrayOf, type DType, type TypedArray } from './dtype.ts';
import { type Region, regionShape, regionSize, runsOf, type Shape } from './region.ts';
import { Tensor } from './tensor.ts';

/**
 * The part of `source` inside `region`. A region that is one run of memory is a view; any other is copied when its
 * `data` is read, so a cut of a filter bank holds no memory of its own.
 */
export function slice<D extends DType>(source: Tensor<D>, region: Region): Tensor<D> {
  const shape = regionShape(region);
  const runs = runsOf(source.shape, region);
  if (runs.count === 1) {
    const offset = runs.offsetOf(0);
    return Tensor.deferred(
      source.dtype,
      shape,
      () => source.data.subarray(offset, offset + runs.length) as ArrayOf<D>,
    );
  }
  return Tensor.deferred(source.dtype, shape, () => {
    const target = new ARRAYS[source.dtype](regionSize(region)) as ArrayOf<D>;
    readRegion(source.data, source.shape, region, 0, target);
    return target;
  });
}

/** Copies elements [from, from + target.length) of the region, counted in row-major order, into `target`. */
export function readRegion(
  source: TypedArray,
  shape: Shape,
  region: Region,
  from: number,
  target: TypedArray,
): void {
  eachRun(shape, region, from, target.length, (offset, at, length) => {
    copyInto(target, at, source, offset, length);
  });
}

/** Writes `elements` over elements [from, from + elements.length) of the region, counted in row-major order. */
export function place(
  target: TypedArray,
  shape: Shape,
  region: Region,
  elements: TypedArray,
  from = 0,
): void {
  eachRun(shape, region, from, elements.length, (offset, at, length) => {
    copyInto(target, offset, elements, at, length);
  });
}

/** Copies one region to another of the same extents, in runs of what both have in one piece of memory. */
export function copyRegion(
  source: TypedArray,
  sourceShape: Shape,
  from: Region,
  target: TypedArray,
  targetShape: Shape,
  to: Region,
): void {
  const [here, there] = [runsOf(sourceShape, from), runsOf(targetShape, to)];
  // both are products of the last extents, so the shorter divides the longer
  const length = Math.min(here.length, there.length);
  const count = length === 0 ? 0 : (here.length * here.count) / length;
  for (let run = 0; run < count; run += 1) {
    const at = run * length;
    const offset = here.offsetOf(Math.floor(at / here.length)) + (at % here.length);
    copyInto(
      target,
      there.offsetOf(Math.floor(at / there.length)) + (at % there.length),
      source,
      offset,
      length,
    );
  }
}

/** Partial sums are of float32, or exact in int32. Both arrays are of one kind. */
export type Summands = Float32Array | Int32Array;

/** Adds `elements` to elements [from, from + elements.length) of the region, counted in row-major order. */
export function accumulate(
  target: Summands,
  shape: Shape,
  region: Region,
  elements: Summands,
  from = 0,
): void {
  eachRun(shape, region, from, elements.length, (offset, at, length) => {
    add(target, offset, elements, at, length);
  });
}

/** Visits the runs of memory that hold elements [from, from + count) of the region; `at` counts from `from`. */
export function eachRun(
  shape: Shape,
  region: Region,
  from: number,
  count: number,
  visit: (offset: number, at: number, length: number) => void,
): void {
  const runs = runsOf(shape, region);
  if (count === 0) return;
  if (from + count > runs.length * runs.count) throw new RangeError('more elements than the region holds');
  let at = 0;
  let run = Math.floor(from / runs.length);
  let skip = from - run * runs.length;
  while (at < count) {
    const length = Math.min(runs.length - skip, count - at);
    visit(runs.offsetOf(run) + skip, at, length);
    at += length;
    run += 1;
    skip = 0;
  }
}

/** Four elements a turn: measured twice as fast in V8 as one a turn. */
function add(target: Summands, to: number, source: Summands, from: number, length: number): void {
  let i = 0;
  for (; i + 3 < length; i += 4) {
    target[to + i]! += source[from + i]!;
    target[to + i + 1]! += source[from + i + 1]!;
    target[to + i + 2]! += source[from + i + 2]!;
    target[to + i + 3]! += source[from + i + 3]!;
  }
  for (; i < length; i += 1) target[to + i]! += source[from + i]!;
}

/** A short run is copied by a loop: `set(subarray())` allocates two views, which costs more below about 32 elements. */
function copyInto(target: TypedArray, to: number, source: TypedArray, from: number, length: number): void {
  if (length < 32) for (let i = 0; i < length; i += 1) target[to + i] = source[from + i]!;
  else (target as Float32Array).set((source as Float32Array).subarray(from, from + length), to);
}
