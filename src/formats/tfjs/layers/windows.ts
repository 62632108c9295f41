import type { Shape } from '../../../tensor/region.ts';
import type { Config } from './config.ts';

export interface WindowSettings {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** The pads of an ONNX node, all begins and then all ends, for Keras' `padding`: an odd `same` pad is at the end. */
export function padsOf(
  config: Config,
  spatial: Shape,
  { kernel, strides, dilations }: WindowSettings,
): number[] {
  const padding = config.oneOf('padding', ['valid', 'same', 'causal'], 'valid');
  const totals = spatial.map((extent, axis) => {
    const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
    if (padding === 'valid') return 0;
    if (padding === 'causal') return reach - 1;
    return Math.max(0, (Math.ceil(extent / strides[axis]!) - 1) * strides[axis]! + reach - extent);
  });
  const begins = totals.map((total) => (padding === 'causal' ? total : Math.floor(total / 2)));
  return [...begins, ...totals.map((total, axis) => total - begins[axis]!)];
}
