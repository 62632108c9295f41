import type { Shape } from '../tensor/region.ts';
import { numberOf, numbersOf, stringOf } from './attributes.ts';
import type { Node } from './graph.ts';

/** The sliding window of a convolution or pooling, per spatial axis, with `auto_pad` resolved to explicit pads. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  readonly ceilMode: boolean;
}

/**
 * Reads the window of a Conv or pooling node. `kernel` is the filter's spatial shape (for pooling: `kernel_shape`),
 * `spatial` the input's spatial shape, both without batch and channels.
 */
export function windowOf(node: Node, spatial: Shape, kernel: readonly number[]): Window {
  const rank = spatial.length;
  const strides = numbersOf(node, 'strides') ?? new Array<number>(rank).fill(1);
  const dilations = numbersOf(node, 'dilations') ?? new Array<number>(rank).fill(1);
  const pads = numbersOf(node, 'pads') ?? new Array<number>(2 * rank).fill(0);
  const autoPad = stringOf(node, 'auto_pad', 'NOTSET');
  const padsBegin = pads.slice(0, rank);
  const padsEnd = pads.slice(rank);
  if (autoPad === 'VALID') {
    padsBegin.fill(0);
    padsEnd.fill(0);
  } else if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
    for (let axis = 0; axis < rank; axis += 1) {
      const out = Math.ceil(spatial[axis]! / strides[axis]!);
      const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
      const total = Math.max(0, (out - 1) * strides[axis]! + reach - spatial[axis]!);
      const small = Math.floor(total / 2);
      padsBegin[axis] = autoPad === 'SAME_UPPER' ? small : total - small;
      padsEnd[axis] = total - padsBegin[axis]!;
    }
  }
  const ceilMode = numberOf(node, 'ceil_mode', 0) === 1;
  return { kernel, strides, dilations, padsBegin, padsEnd, ceilMode };
}

/** The output's spatial shape. With `ceil_mode`, a window that would start in the end padding is dropped. */
export function windowOutput(window: Window, spatial: Shape): number[] {
  return spatial.map((extent, axis) => {
    const stride = window.strides[axis]!;
    const begin = window.padsBegin[axis]!;
    const reach = (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;
    const steps = (extent + begin + window.padsEnd[axis]! - reach) / stride;
    if (!window.ceilMode) return Math.floor(steps) + 1;
    const out = Math.ceil(steps) + 1;
    return (out - 1) * stride >= extent + begin ? out - 1 : out;
  });
}
