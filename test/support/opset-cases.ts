import { Tensor } from '../../src/tensor/tensor.ts';
import { floats as f, ints } from './graphs.ts';
import type { NodeCase } from './operator-cases.ts';

/** A node that means, or is written, something else in another operator set. */
export interface OpsetCase extends NodeCase {
  readonly what: string;
  readonly opsets: readonly number[];
  /** Axes of the output along which it is cut. */
  readonly cut: readonly number[];
}

const map = f(1, 6, 8, 10);
const empty = ints();
const scalar = (value: number) => Tensor.float32([], [value]);
const int = (value: number) => ints(value).reshaped([]);
const bytes = (...shape: number[]) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Tensor.of(
    'uint8',
    shape,
    Uint8Array.from({ length: size }, (_, at) => (at * 37) % 200),
  );
};
const none = Tensor.float32([0], []);

export const OPSET_CASES: readonly OpsetCase[] = [
  {
    ...{
      op: 'Split',
      what: 'num_outputs, the last part smaller',
      opsets: [18, 24],
      outputs: 3,
      cut: [1, 2, 3],
    },
    ...{ live: [f(1, 7, 4, 4)], attributes: { axis: 1, num_outputs: 3 } },
  },
  {
    ...{ op: 'Split', what: 'parts as an input', opsets: [13, 18, 24], outputs: 2, cut: [1, 2, 3] },
    ...{ live: [f(1, 7, 4, 4)], constants: [ints(5, 2)], attributes: { axis: -3 } },
  },
  {
    ...{ op: 'Split', what: 'parts as an attribute', opsets: [7, 9, 10, 11], outputs: 2, cut: [1, 2, 3] },
    ...{ live: [f(1, 3, 7, 4)], attributes: { axis: 2, split: [5, 2] } },
  },
  {
    ...{ op: 'ReduceMean', what: 'axes as an attribute', opsets: [13, 17], cut: [1] },
    ...{ live: [map], attributes: { axes: [2, 3] } },
  },
  {
    ...{ op: 'ReduceMean', what: 'axes as an input', opsets: [18, 22, 24], cut: [1] },
    ...{ live: [map], constants: [ints(2, 3)] },
  },
  {
    ...{ op: 'ReduceMax', what: 'axes as an input', opsets: [18, 20, 24], cut: [1, 2] },
    ...{ live: [map], constants: [ints(-1)] },
  },
  {
    ...{ op: 'ReduceL2', what: 'no axes, and nothing to do', opsets: [18, 24], cut: [1, 2, 3] },
    ...{ live: [map], constants: [empty], attributes: { noop_with_empty_axes: 1 } },
  },
  {
    ...{ op: 'Resize', what: 'antialias', opsets: [18, 19, 24], cut: [1] },
    ...{ live: [map], constants: [none, Tensor.float32([4], [1, 1, 0.5, 0.4])] },
    attributes: { mode: 'linear', antialias: 1 },
  },
  {
    ...{ op: 'Resize', what: 'axes', opsets: [18, 19, 24], cut: [1] },
    ...{ live: [map], constants: [none, none, ints(12, 7)] },
    attributes: { mode: 'linear', axes: [2, 3] },
  },
  ...['not_larger', 'not_smaller'].map((keep_aspect_ratio_policy) => ({
    ...{ op: 'Resize', what: `keep_aspect_ratio_policy ${keep_aspect_ratio_policy}`, opsets: [18, 19, 24] },
    ...{ live: [map], constants: [none, none, ints(12, 7)], cut: [1] },
    attributes: { mode: 'nearest', axes: [2, 3], keep_aspect_ratio_policy },
  })),
  {
    ...{ op: 'Resize', what: 'half_pixel_symmetric', opsets: [19, 24], cut: [1] },
    ...{ live: [map], constants: [none, Tensor.float32([4], [1, 1, 1.5, 0.7])] },
    attributes: { mode: 'linear', coordinate_transformation_mode: 'half_pixel_symmetric' },
  },
  {
    ...{ op: 'Pad', what: 'axes', opsets: [18, 21, 24], cut: [1] },
    ...{ live: [map], constants: [ints(1, 2, 3, 0), scalar(0.5), ints(2, -1)] },
  },
  {
    ...{ op: 'Pad', what: 'wrap', opsets: [19, 21, 24], cut: [1, 2] },
    ...{ live: [map], constants: [ints(0, 0, 0, 2, 0, 0, 0, 1)], attributes: { mode: 'wrap' } },
  },
  {
    ...{ op: 'AveragePool', what: 'dilations, ceil_mode', opsets: [19, 22, 24], cut: [1, 2, 3] },
    live: [map],
    attributes: {
      kernel_shape: [3, 2],
      strides: [2, 3],
      dilations: [2, 2],
      ceil_mode: 1,
      pads: [1, 0, 1, 1],
    },
  },
  {
    ...{ op: 'AveragePool', what: 'ceil_mode, count_include_pad', opsets: [13, 19, 22, 24], cut: [1, 2, 3] },
    live: [map],
    attributes: {
      kernel_shape: [3, 3],
      strides: [2, 2],
      ceil_mode: 1,
      count_include_pad: 1,
      pads: [1, 1, 1, 1],
    },
  },
  {
    ...{ op: 'MaxPool', what: 'dilations, ceil_mode', opsets: [13, 22, 24], cut: [1, 2, 3] },
    live: [map],
    attributes: { kernel_shape: [3, 2], strides: [2, 3], dilations: [2, 2], ceil_mode: 1 },
  },
  {
    ...{ op: 'LpPool', what: 'dilations, ceil_mode', opsets: [18, 22], cut: [1, 2, 3] },
    live: [map],
    attributes: { kernel_shape: [3, 2], strides: [2, 3], dilations: [2, 2], ceil_mode: 1 },
  },
  {
    ...{ op: 'BatchNormalization', what: 'inference', opsets: [13, 14, 15, 24], cut: [1, 2, 3] },
    ...{ live: [map], constants: [f(6), f(6), f(6), f(6)] },
  },
  {
    ...{ op: 'InstanceNormalization', what: 'as before', opsets: [13, 22, 24], cut: [1] },
    ...{ live: [map], constants: [f(6), f(6)] },
  },
  {
    ...{ op: 'LayerNormalization', what: 'over the last axes', opsets: [17, 24], cut: [1] },
    ...{ live: [map], constants: [f(8, 10), f(8, 10)], attributes: { axis: 2 } },
  },
  {
    ...{ op: 'GroupNormalization', what: 'a scale per group', opsets: [18, 20], cut: [] },
    ...{ live: [map], constants: [f(3), f(3)], attributes: { num_groups: 3 } },
  },
  {
    ...{ op: 'GroupNormalization', what: 'a scale per group, half of them', opsets: [18, 20], cut: [1] },
    ...{ live: [map], constants: [f(2), f(2)], attributes: { num_groups: 2 } },
  },
  {
    ...{ op: 'GroupNormalization', what: 'a scale per channel', opsets: [21, 24], cut: [] },
    ...{ live: [map], constants: [f(6), f(6)], attributes: { num_groups: 3 } },
  },
  {
    ...{
      op: 'GroupNormalization',
      what: 'a scale per channel, half of the groups',
      opsets: [21, 24],
      cut: [1],
    },
    ...{ live: [map], constants: [f(6), f(6)], attributes: { num_groups: 2 } },
  },
  {
    ...{ op: 'RMSNormalization', what: 'over the last axes', opsets: [23, 24], cut: [1] },
    ...{ live: [map], constants: [f(8, 10)], attributes: { axis: 2 } },
  },
  ...['none', 'tanh'].map((approximate) => ({
    ...{ op: 'Gelu', what: `approximate ${approximate}`, opsets: [20, 24], cut: [1, 2, 3] },
    ...{ live: [map], attributes: { approximate } },
  })),
  { op: 'Mish', what: 'new in 18', opsets: [18, 22, 24], cut: [1, 2, 3], live: [map] },
  { op: 'HardSwish', what: 'new in 14', opsets: [14, 22, 24], cut: [1, 2, 3], live: [map] },
  { op: 'Swish', what: 'new in 24', opsets: [24], cut: [1, 2, 3], live: [map], attributes: { alpha: 0.5 } },
  { op: 'IsInf', what: 'as before', opsets: [13, 20, 24], cut: [1, 2, 3], live: [map] },
  {
    ...{ op: 'DFT', what: 'the axis as an attribute', opsets: [17, 19], cut: [] },
    ...{ live: [f(1, 6, 5, 1)], attributes: { axis: 1, onesided: 1 } },
  },
  {
    ...{ op: 'DFT', what: 'the axis as an input', opsets: [20, 24], cut: [] },
    ...{ live: [f(1, 6, 5, 1)], constants: [int(6), int(1)], attributes: { onesided: 1 } },
  },
  {
    ...{ op: 'QuantizeLinear', what: 'a scale per channel', opsets: [13, 19, 21, 23, 24], cut: [1, 2, 3] },
    ...{ live: [map], constants: [f(6), bytes(6)] },
  },
  {
    ...{ op: 'QuantizeLinear', what: 'output_dtype', opsets: [21, 23, 24], cut: [1, 2, 3] },
    ...{ live: [map], constants: [scalar(0.5)], attributes: { output_dtype: 3 } },
  },
  {
    ...{ op: 'DequantizeLinear', what: 'a scale per channel', opsets: [13, 19, 21, 23, 24], cut: [1, 2, 3] },
    ...{ live: [bytes(1, 6, 4, 4)], constants: [f(6), bytes(6)] },
  },
  {
    ...{ op: 'DequantizeLinear', what: 'a scale per block', opsets: [21, 23, 24], cut: [0, 1] },
    ...{ live: [bytes(4, 6)], constants: [f(4, 2), bytes(4, 2)], attributes: { axis: 1, block_size: 3 } },
  },
  {
    ...{ op: 'Cast', what: 'to float16', opsets: [13, 19, 21, 23, 24], cut: [1, 2, 3] },
    ...{ live: [map], attributes: { to: 10 } },
  },
  {
    ...{ op: 'TopK', what: 'as before', opsets: [13, 24], outputs: 2, cut: [] },
    ...{ live: [f(2, 9)], constants: [ints(4)] },
  },
  {
    ...{ op: 'CenterCropPad', what: 'axes', opsets: [18, 24], cut: [] },
    ...{ live: [map], constants: [ints(5, 12)], attributes: { axes: [2, 3] } },
  },
  {
    ...{ op: 'Reshape', what: 'allowzero', opsets: [14, 19, 21, 23, 24], cut: [1, 2] },
    ...{ live: [f(1, 6, 4)], constants: [ints(0, 6, 2, 2)], attributes: { allowzero: 0 } },
  },
  {
    ...{ op: 'DeformConv', what: 'new in 19', opsets: [19, 22], cut: [] },
    live: [f(1, 2, 4, 4), f(3, 2, 2, 2), f(1, 8, 3, 3)],
  },
  {
    ...{ op: 'GridSample', what: 'bilinear', opsets: [16], cut: [] },
    ...{ live: [f(1, 2, 4, 4), Tensor.float32([1, 2, 2, 2], [-1, -1, 0, 0.5, 1, 1, 0.25, -0.5])] },
    attributes: { mode: 'bilinear' },
  },
  {
    ...{ op: 'GridSample', what: 'linear', opsets: [20, 24], cut: [] },
    ...{ live: [f(1, 2, 4, 4), Tensor.float32([1, 2, 2, 2], [-1, -1, 0, 0.5, 1, 1, 0.25, -0.5])] },
    attributes: { mode: 'linear' },
  },
  {
    ...{ op: 'Attention', what: 'new in 23', opsets: [23, 24], cut: [] },
    ...{ live: [f(1, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 5, 4)] },
  },
  {
    ...{ op: 'Conv', what: 'as before', opsets: [13, 22, 24], cut: [1, 2, 3] },
    ...{ live: [map], constants: [f(4, 6, 3, 3), f(4)], attributes: { dilations: [2, 1] } },
  },
];
