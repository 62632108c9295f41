import { elementBytes } from './dtype.ts';
import { type Shape, sizeOf } from './region.ts';
import type { TensorType } from './tensor.ts';

/** How float32 feature maps travel between master and agents; tensors of other types travel as they are. */
export const PRECISIONS = ['float32', 'float16', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** The type in which a tensor travels. */
export interface WireType extends TensorType {
  /** How many float32 scales stand beside int8 elements: an element times its scale is about the value. */
  readonly scales?: number;
}

/**
 * What a result may be off by, as a part of its largest magnitude: somewhat more than was measured of trained models
 * (docs/performance.md). int8 is coarse: where no class stands out, probabilities move by half.
 */
export const WIRE_TOLERANCE: Readonly<Record<Precision, number>> = { float32: 0, float16: 0.02, int8: 0.7 };

/** A scale is worth its four bytes where so many elements share it. */
const LEAST_SHARED = 16;
/** All scales of a region stand in the header of each of its frames. */
const MAX_SCALES = 8192;

export function wireTypeOf({ dtype, shape }: TensorType, precision: Precision): WireType {
  if (dtype !== 'float32' || precision === 'float32') return { dtype, shape };
  if (precision === 'float16') return { dtype: 'float16', shape };
  return { dtype: 'int8', shape, scales: scalesOf(shape) };
}

/** One per channel of a feature map (axis 1 of NCHW); one in all where a channel has few elements. */
export function scalesOf(shape: Shape): number {
  const [, channels = 1, ...plane] = shape;
  const perChannel = channels > 0 && channels <= MAX_SCALES && sizeOf(plane) >= LEAST_SHARED;
  return perChannel ? channels : 1;
}

/** Scales so that they multiply the tensor: [1, channels, 1, 1] for a feature map, [] for one scale. */
export function scaleShape({ shape, scales }: WireType): Shape {
  return scales === 1 ? [] : shape.map((_, axis) => (axis === 1 ? scales! : 1));
}

/** Bytes of a tensor as it travels, with its scales. */
export function wireBytesOf(type: TensorType, precision: Precision): number {
  const { dtype, shape, scales = 0 } = wireTypeOf(type, precision);
  return sizeOf(shape) * elementBytes(dtype) + 4 * scales;
}
