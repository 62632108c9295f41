import { ARRAYS, type TypedArray } from '../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../tensor/region.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { broadcastIndex } from './arithmetic.ts';
import { isFloat, isWide } from './elements.ts';

type Element = number | bigint;

/** What compares two elements of one type. */
export const COMPARISONS = {
  Equal: (a: Element, b: Element) => a === b,
  Greater: (a: Element, b: Element) => a > b,
  GreaterOrEqual: (a: Element, b: Element) => a >= b,
  Less: (a: Element, b: Element) => a < b,
  LessOrEqual: (a: Element, b: Element) => a <= b,
} as const;

/** Undefined for half floats, whose bits do not compare. */
export function compared(
  compare: (a: Element, b: Element) => boolean,
  a: Tensor,
  b: Tensor,
  shape: Shape,
): Tensor | undefined {
  if (a.dtype !== b.dtype || a.dtype === 'float16') return undefined;
  const [left, right] = [a.data, b.data];
  const [leftAt, rightAt] = [broadcastIndex(a.shape, shape), broadcastIndex(b.shape, shape)];
  const truths = Uint8Array.from({ length: sizeOf(shape) }, (_, i) =>
    compare(left[leftAt(i)]!, right[rightAt(i)]!) ? 1 : 0,
  );
  return Tensor.of('bool', shape, truths);
}

/** `yes` where the condition holds, else `no`. */
export function chosen(condition: Tensor, yes: Tensor, no: Tensor, shape: Shape): Tensor | undefined {
  if (yes.dtype !== no.dtype) return undefined;
  const parts = [condition, yes, no].map(({ data, shape: own }) => ({
    data: data as TypedArray,
    at: broadcastIndex(own, shape),
  }));
  const [test, first, second] = parts;
  const target = new ARRAYS[yes.dtype](sizeOf(shape)) as TypedArray;
  for (let i = 0; i < target.length; i += 1) {
    const from = test!.data[test!.at(i)] ? first! : second!;
    target[i] = from.data[from.at(i)]!;
  }
  return Tensor.of(yes.dtype, shape, target);
}

/** The source laid over `shape`, which it broadcasts to. */
export function spread(source: Tensor, shape: Shape): Tensor {
  const at = broadcastIndex(source.shape, shape);
  const data = source.data as TypedArray;
  const target = new ARRAYS[source.dtype](sizeOf(shape)) as TypedArray;
  for (let i = 0; i < target.length; i += 1) target[i] = data[at(i)]!;
  return Tensor.of(source.dtype, shape, target);
}

const ROUNDINGS = {
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sqrt: Math.sqrt,
  Neg: (value: number) => -value,
  Abs: Math.abs,
} as const;

/** One element after another; wide integers only change their sign. */
export function each(operation: keyof typeof ROUNDINGS, source: Tensor): Tensor | undefined {
  const { dtype, shape } = source;
  if (dtype === 'float16' || dtype === 'bool') return undefined;
  const target = new ARRAYS[dtype](source.size) as TypedArray;
  const data = source.data;
  if (isWide(dtype)) {
    if (operation !== 'Neg') return undefined;
    for (let i = 0; i < target.length; i += 1) target[i] = -(data[i] as bigint);
  } else {
    if (!isFloat(dtype) && operation === 'Sqrt') return undefined;
    for (let i = 0; i < target.length; i += 1) target[i] = ROUNDINGS[operation](data[i] as number);
  }
  return Tensor.of(dtype, shape, target);
}
