import { eachRun, place, readRegion } from './copy.ts';
import { elementBytes, type TypedArray } from './dtype.ts';
import { narrow, widen } from './float16.ts';
import { placeQuantised, quantise } from './int8.ts';
import { type Precision, type WireType, wireTypeOf } from './precision.ts';
import { type Region, regionShape, wholeRegion } from './region.ts';
import { bytesOf, Tensor, type TensorType } from './tensor.ts';

/** A region of a tensor as it leaves. */
export interface WireRegion {
  readonly type: WireType;
  /** Of int8 elements. */
  readonly scales?: Float32Array;
  /** Writes the bytes from `offset` on into `target`, which is aligned for the elements. */
  fill(offset: number, target: Uint8Array): void;
}

/** The region in the precision of the wire. float16 is rounded on its way into the frame; int8 needs a look at all first. */
export function wireRegion(tensor: Tensor, region: Region, precision: Precision): WireRegion {
  const { shape } = tensor;
  const type = wireTypeOf({ dtype: tensor.dtype, shape: regionShape(region) }, precision);
  if (type.dtype === tensor.dtype) return { type, fill: rawFill(tensor, region) };
  const source = tensor.data as Float32Array;
  if (type.dtype === 'float16') {
    return {
      type,
      fill: (offset, target) => {
        const halves = new Uint16Array(target.buffer, target.byteOffset, target.length / 2);
        eachRun(shape, region, offset / 2, halves.length, (from, at, length) => {
          narrow(source, from, halves, at, length);
        });
      },
    };
  }
  const { elements, scales } = quantise(source, shape, region);
  const bytes = bytesOf(elements);
  return {
    type,
    scales,
    fill: (offset, target) => target.set(bytes.subarray(offset, offset + target.length)),
  };
}

function rawFill({ dtype, shape, data }: Tensor, region: Region): WireRegion['fill'] {
  const width = elementBytes(dtype);
  const source = bytesOf(data);
  const sourceShape = [...shape, width];
  const sourceRegion: Region = [...region, [0, width]];
  return (offset, target) => readRegion(source, sourceShape, sourceRegion, offset, target);
}

/**
 * Writes elements [from, from + elements.length) of the region, counted in row-major order: of the tensor's own type, or
 * those of a wire that carried float32 elements, which are made such again.
 */
export function placeFromWire(
  { dtype, shape, data }: Tensor,
  region: Region,
  elements: TypedArray,
  scales: Float32Array | undefined,
  from = 0,
): void {
  if (dtype !== 'float32' || elements instanceof Float32Array) {
    place(data, shape, region, elements, from);
  } else if (scales) {
    placeQuantised(data as Float32Array, shape, region, { elements: elements as Int8Array, scales }, from);
  } else {
    const halves = elements as Uint16Array;
    eachRun(shape, region, from, halves.length, (offset, at, length) => {
      widen(halves, at, data as Float32Array, offset, length);
    });
  }
}

/** The elements of a whole tensor that came over a wire, as the tensor's own type has them. */
export function fromWire(type: TensorType, elements: TypedArray, scales?: Float32Array): TypedArray {
  if (type.dtype !== 'float32' || elements instanceof Float32Array) return elements;
  const tensor = Tensor.zeros(type.dtype, type.shape);
  placeFromWire(tensor, wholeRegion(type.shape), elements, scales);
  return tensor.data;
}
