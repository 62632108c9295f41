import { ARRAYS, type TypedArray } from '../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../tensor/region.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { isFloat, isWide } from './elements.ts';

type Operation = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Min' | 'Max';

const FLOAT: Readonly<Record<Operation, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Min: Math.min,
  Max: Math.max,
};

const WIDE: Readonly<Record<Operation, (a: bigint, b: bigint) => bigint>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Min: (a, b) => (a < b ? a : b),
  Max: (a, b) => (a > b ? a : b),
};

/** `a op b` in the output's `shape`; undefined for a division by the integer 0, and for half floats. */
export function combine(operation: Operation, a: Tensor, b: Tensor, shape: Shape): Tensor | undefined {
  const { dtype } = a;
  if (b.dtype !== dtype || dtype === 'float16' || dtype === 'bool') return undefined;
  const data = new ARRAYS[dtype](sizeOf(shape)) as TypedArray;
  const left = a.data;
  const right = b.data;
  const leftAt = broadcastIndex(a.shape, shape);
  const rightAt = broadcastIndex(b.shape, shape);
  for (let i = 0; i < data.length; i += 1) {
    const x = left[leftAt(i)]!;
    const y = right[rightAt(i)]!;
    if (operation === 'Div' && !isFloat(dtype) && Number(y) === 0) return undefined;
    data[i] = isWide(dtype)
      ? WIDE[operation](x as bigint, y as bigint)
      : exact(dtype === 'int32' || dtype === 'uint32', operation, x as number, y as number);
  }
  return Tensor.of(dtype, shape, data);
}

/** Products of 32-bit integers pass 2^53, so their low bits need a multiplication of their own. */
function exact(integer32: boolean, operation: Operation, x: number, y: number): number {
  return integer32 && operation === 'Mul' ? Math.imul(x, y) : FLOAT[operation](x, y);
}

/** Maps a flat index in `shape` to that of the element which broadcasting lays there. */
export function broadcastIndex(own: Shape, shape: Shape): (index: number) => number {
  const offset = shape.length - own.length;
  return (index) => {
    let rest = index;
    let at = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const extent = own[axis - offset] ?? 1;
      if (extent > 1) at += (rest % shape[axis]!) * stride;
      stride *= extent;
      rest = Math.floor(rest / shape[axis]!);
    }
    return at;
  };
}
