import { ARRAYS, type ArrayOf, type DType, type TypedArray } from '../tensor/dtype.ts';
import { float16ToFloat32, float32ToFloat16 } from '../tensor/float16.ts';
import { Tensor } from '../tensor/tensor.ts';

const FLOATS: ReadonlySet<DType> = new Set(['float64', 'float32', 'float16']);

/**
 * The tensor with elements of another type. From one floating-point type to another values are rounded (to float16
 * by way of float32); every other conversion must keep each value as it is. Throws RangeError with the first value
 * that the type cannot hold; a finite value does not become infinite.
 */
export function convertTensor<D extends DType>(tensor: Tensor, dtype: D): Tensor<D> {
  if (tensor.dtype === dtype) return tensor as unknown as Tensor<D>;
  if (tensor.dtype === 'float16') {
    const halves = tensor.data as Uint16Array;
    return convertTensor(Tensor.of('float32', tensor.shape, float16ToFloat32(halves)), dtype);
  }
  const source = tensor.data;
  const target = converted(source, dtype);
  const result = dtype === 'float16' ? float16ToFloat32(target as Uint16Array) : target;
  const rounds = FLOATS.has(tensor.dtype) && FLOATS.has(dtype);
  for (let at = 0; at < source.length; at += 1) {
    const value = source[at]!;
    const got = result[at]!;
    // A number and a bigint are compared by their mathematical values.
    // biome-ignore lint/suspicious/noDoubleEquals: the two may be of different types
    const kept = rounds ? Number.isFinite(value) === Number.isFinite(got) : value == got;
    if (!kept || (dtype === 'bool' && Number(got) > 1)) {
      throw new RangeError(`the value ${value} at ${at}, which ${dtype} cannot hold`);
    }
  }
  return Tensor.of(dtype, tensor.shape, target);
}

function converted<D extends DType>(source: TypedArray, dtype: D): ArrayOf<D> {
  if (dtype === 'float16') {
    return float32ToFloat16(Float32Array.from(source as Float32Array, Number)) as ArrayOf<D>;
  }
  const target = new ARRAYS[dtype](source.length) as ArrayOf<D>;
  const of = dtype === 'int64' || dtype === 'uint64' ? wholeOf : Number;
  for (let at = 0; at < source.length; at += 1) target[at] = of(source[at]!);
  return target;
}

/** What is not whole becomes 0, and so differs from what it was. */
function wholeOf(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value;
  return Number.isInteger(value) ? BigInt(value) : 0n;
}
