import type { DType } from '../../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../../tensor/region.ts';
import type { Tensor, TensorType } from '../../../tensor/tensor.ts';
import type { DeviceType, TensorId } from '../program.ts';
import { Unsupported } from './unsupported.ts';

/**
 * A tensor of the graph. On the device it is held as the graph has it (`first`: the channels come first, NCHW) or with
 * the channels last (NHWC), which convolution and pooling want; in both forms where both were asked for.
 */
export interface Value {
  readonly type: TensorType;
  /** Known without running. */
  readonly constant?: Tensor;
  /** Which input of the program it is, perhaps under another shape. */
  readonly input?: number;
  readonly forms: { first?: TensorId; last?: TensorId };
}

export type Layout = 'first' | 'last';

const ON_DEVICE: Readonly<Partial<Record<DType, DeviceType>>> = {
  float32: 'float32',
  int32: 'int32',
  int16: 'int32',
  uint16: 'int32',
  int8: 'int32',
  uint8: 'int32',
  bool: 'bool',
};

/** Throws Unsupported for the element types that TensorFlow.js does not hold. */
export function deviceType(dtype: DType): DeviceType {
  const type = ON_DEVICE[dtype];
  if (!type) throw new Unsupported(`elements of the type ${dtype} are not computed with`);
  return type;
}

export function needFloat(...values: readonly Value[]): void {
  for (const { type } of values) {
    if (type.dtype !== 'float32') throw new Unsupported(`it takes float32, not ${type.dtype}`);
  }
}

/** N x C x spatial as N x spatial x C. */
export function lastShape(shape: Shape): number[] {
  return [shape[0]!, ...shape.slice(2), shape[1]!];
}

/** Axis of the first layout, in the last one. */
export function lastAxis(axis: number, rank: number): number {
  if (axis === 0) return 0;
  return axis === 1 ? rank - 1 : axis - 1;
}

/** The order of axes that takes the first layout to the last. */
export function toLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, at) => at + 2), 1];
}

export function toFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, at) => at + 1)];
}

/** True where both layouts have the elements in the same order. */
export function isFlat(shape: Shape): boolean {
  return shape[1] === 1 || sizeOf(shape.slice(2)) === 1;
}
