import { place } from '../../tensor/copy.ts';
import { ARRAYS, type ArrayOf, type DType, type TypedArray } from '../../tensor/dtype.ts';
import { lazily } from '../../tensor/lazy.ts';
import { axisRegion, type Shape, sizeOf } from '../../tensor/region.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { axisOf } from '../attributes.ts';
import type { Cut } from '../operators/slicing.ts';

/** Strides of a row-major array of this shape. */
function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis -= 1) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Element i of the result is the source's at `base` + the sum of its index times `strides`; computed when read. */
function strided<D extends DType>(
  source: Tensor<D>,
  shape: Shape,
  base: number,
  strides: number[],
): Tensor<D> {
  return lazily(source.dtype, shape, () => {
    const data = source.data as TypedArray;
    const target = new ARRAYS[source.dtype](sizeOf(shape)) as TypedArray;
    const index = new Array<number>(shape.length).fill(0);
    let from = base;
    for (let to = 0; to < target.length; to += 1) {
      target[to] = data[from]!;
      for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
        from += strides[axis]!;
        index[axis]! += 1;
        if (index[axis]! < shape[axis]!) break;
        from -= strides[axis]! * shape[axis]!;
        index[axis] = 0;
      }
    }
    return target as ArrayOf<D>;
  });
}

export function transposed(source: Tensor, order: readonly number[]): Tensor {
  const strides = stridesOf(source.shape);
  const axes = order.map((axis) => axisOf(axis, source.shape.length));
  return strided(
    source,
    axes.map((axis) => source.shape[axis]!),
    0,
    axes.map((axis) => strides[axis]!),
  );
}

export function sliced(source: Tensor, cuts: readonly Cut[]): Tensor {
  const own = stridesOf(source.shape);
  const strides = [...own];
  const shape = [...source.shape];
  let base = 0;
  for (const { axis, start, step, count } of cuts) {
    base += start * own[axis]!;
    strides[axis] = step * own[axis]!;
    shape[axis] = count;
  }
  return strided(source, shape, base, strides);
}

export function concatenated(parts: readonly Tensor[], axis: number, shape: Shape): Tensor {
  const { dtype } = parts[0]!;
  return lazily(dtype, shape, () => {
    const data = new ARRAYS[dtype](sizeOf(shape)) as ArrayOf<DType>;
    let start = 0;
    for (const part of parts) {
      const end = start + part.shape[axis]!;
      if (end > start) place(data, shape, axisRegion(shape, axis, [start, end]), part.data);
      start = end;
    }
    return data;
  });
}

/** Undefined where an index lies outside of the axis. */
export function gathered(source: Tensor, indices: Tensor, axis: number, shape: Shape): Tensor | undefined {
  const extent = source.shape[axis]!;
  const places = Array.from(indices.data as ArrayLike<number | bigint>, (index) =>
    Number(index) < 0 ? Number(index) + extent : Number(index),
  );
  if (places.some((place) => place < 0 || place >= extent)) return undefined;
  const inner = sizeOf(source.shape.slice(axis + 1));
  const outer = sizeOf(source.shape.slice(0, axis));
  const data = source.data as TypedArray;
  const target = new ARRAYS[source.dtype](sizeOf(shape)) as TypedArray;
  let to = 0;
  for (let row = 0; row < outer; row += 1) {
    for (const place of places) {
      const from = (row * extent + place) * inner;
      for (let i = 0; i < inner; i += 1, to += 1) target[to] = data[from + i]!;
    }
  }
  return Tensor.of(source.dtype, shape, target);
}
