import { ARRAYS, type DType, type TypedArray } from '../../tensor/dtype.ts';
import { lazily } from '../../tensor/lazy.ts';
import type { Tensor, TensorType } from '../../tensor/tensor.ts';
import type { OperatorContext } from '../operators/spec.ts';
import { scalePlaces } from './dequantized.ts';

/** The least and the largest value of the types that a tensor is quantised to. */
export const QUANTIZED_BOUNDS: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65_535],
  int16: [-32_768, 32_767],
};

/**
 * What a QuantizeLinear makes of constants: x / scale, rounded half to even, + zero point, held within the type's bounds.
 * Models of quantisation-aware training hold float32 filters before such a node: they become the integers that every run
 * would compute anew.
 */
export function quantizedConstant(context: OperatorContext, { dtype }: TensorType): Tensor | undefined {
  const { node } = context;
  const [source, scale, zeroPoint] = [0, 1, 2].map((at) => context.constant(at));
  const bounds = QUANTIZED_BOUNDS[dtype];
  if (!source || !scale || !bounds || ((node.inputs[2] ?? '') !== '' && !zeroPoint)) return undefined;
  if (source.dtype !== 'float32' || scale.dtype !== 'float32') return undefined;
  const at = scalePlaces(node, source.shape, scale.shape);
  if (!at) return undefined;
  return lazily(dtype, source.shape, () => {
    const [x, s, z] = [source.data as Float32Array, scale.data as Float32Array, zeroPoint?.data];
    const target = new ARRAYS[dtype](source.size) as TypedArray;
    for (let i = 0; i < target.length; i += 1) {
      const place = at(i);
      const zero = z ? Number(z[z.length > 1 ? place : 0]) : 0;
      const steps = roundedToEven(Math.fround(x[i]! / s[place]!)) + zero;
      target[i] = Math.min(Math.max(steps, bounds[0]), bounds[1]);
    }
    return target;
  });
}

/** To the nearest integer, halves to the even one. */
export function roundedToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest < 0.5 ? below : below + 1;
}
