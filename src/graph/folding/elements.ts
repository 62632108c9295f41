import { ARRAYS, type ArrayOf, type DType, type TypedArray } from '../../tensor/dtype.ts';
import { float16ToFloat32, float32ToFloat16 } from '../../tensor/float16.ts';

export function isWide(dtype: DType): dtype is 'int64' | 'uint64' {
  return dtype === 'int64' || dtype === 'uint64';
}

export function isFloat(dtype: DType): dtype is 'float32' | 'float64' | 'float16' {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16';
}

/** An array of `size` elements that are all `value`. */
export function filled<D extends DType>(dtype: D, size: number, value: number | bigint): ArrayOf<D> {
  const data = new ARRAYS[dtype](size) as ArrayOf<D>;
  (data as Uint8Array).fill(value as number);
  return data;
}

/**
 * The elements as another type, as ONNX's Cast has it: floats lose their fraction on the way to integers, integers
 * wrap, and whatever is not 0 is true. What is not finite or out of range is left to the platform by ONNX: 0 here.
 */
export function converted<D extends DType>(data: TypedArray, from: DType, to: D): ArrayOf<D> {
  const source = from === 'float16' ? float16ToFloat32(data as Uint16Array) : data;
  if (to === 'float16') return float32ToFloat16(converted(source, from, 'float32')) as ArrayOf<D>;
  const target = new ARRAYS[to](source.length) as ArrayOf<D>;
  const convert = conversion(isWide(from), isFloat(from), to);
  for (let i = 0; i < source.length; i += 1) target[i] = convert(source[i]!);
  return target;
}

function conversion(wide: boolean, float: boolean, to: DType): (value: number | bigint) => number | bigint {
  if (to === 'bool') return (value) => (Number(value) !== 0 ? 1 : 0);
  if (isWide(to)) return wide ? (value) => value : (value) => bigOf(value as number);
  if (isFloat(to)) return wide ? Number : (value) => value;
  if (wide) return (value) => Number(BigInt.asIntN(32, value as bigint));
  return float ? (value) => Math.trunc(value as number) : (value) => value;
}

function bigOf(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}
