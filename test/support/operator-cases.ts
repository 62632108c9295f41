import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { type Shape, sizeOf } from '../../src/tensor/region.ts';
import { Tensor, type TensorType } from '../../src/tensor/tensor.ts';
import { floats, graphOf, ints, nodeOf } from './graphs.ts';

type Attributes = NonNullable<Parameters<typeof nodeOf>[3]>;

/** One operator on live tensors and constants. */
export interface NodeCase {
  readonly op: string;
  readonly live: readonly Tensor[];
  readonly constants?: readonly Tensor[];
  readonly attributes?: Attributes;
  readonly opset?: number;
  readonly outputs?: number;
}

const f = floats;
const bytes = (shape: Shape, dtype: 'uint8' | 'int8' = 'uint8') => {
  const values = Array.from({ length: sizeOf(shape) }, (_, at) => (at * 37) % 100);
  return Tensor.of(dtype, shape, dtype === 'uint8' ? Uint8Array.from(values) : Int8Array.from(values));
};
const bools = (...values: number[]) => Tensor.of('bool', [values.length], Uint8Array.from(values));
const scalar = (value: number) => Tensor.float32([], [value]);
const zero = (dtype: 'uint8' | 'int8' = 'uint8') => bytes([], dtype);
const unary = (op: string, opset: number, attributes: Attributes = {}): NodeCase => ({
  op,
  live: [f(2, 3, 4)],
  opset,
  attributes,
});

export const NODE_CASES: readonly NodeCase[] = [
  ...['Abs', 'Neg', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Floor', 'Ceil', 'Round', 'Sign', 'Erf'].map((op) =>
    unary(op, 13),
  ),
  ...['HardSigmoid', 'HardSwish', 'Mish', 'Elu', 'Selu', 'Celu', 'Softplus', 'Softsign', 'Sin', 'Cos'].map(
    (op) => unary(op, 18),
  ),
  unary('Gelu', 20),
  unary('Gelu', 20, { approximate: 'tanh' }),
  unary('Celu', 12, { alpha: 0.5 }),
  unary('Selu', 6, { alpha: 1.5, gamma: 2.25 }),
  unary('Elu', 6, { alpha: 0.5 }),
  unary('Shrink', 9, { lambd: 0.75, bias: 0.25 }),
  unary('IsInf', 10, { detect_negative: 0 }),
  unary('LeakyRelu', 13, { alpha: 0.25 }),
  unary('ThresholdedRelu', 13, { alpha: 0.5 }),
  unary('Hardmax', 13, { axis: 1 }),
  unary('MeanVarianceNormalization', 13, { axes: [0, 2] }),
  unary('LpNormalization', 13, { axis: 1, p: 2 }),
  unary('Size', 13),
  unary('IsNaN', 13),
  ...['Pow', 'Max', 'Min', 'Mean', 'Mod'].map((op) => ({
    op,
    live: [f(2, 1, 4), f(3, 1)],
    opset: 13,
    ...(op === 'Mod' ? { attributes: { fmod: 1 } } : {}),
  })),
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].map((op) => ({
    op,
    live: [f(2, 1, 4), f(3, 1)],
    opset: 16,
  })),
  ...['And', 'Or', 'Xor'].map((op) => ({ op, live: [bools(1, 0, 1), bools(1)] })),
  { op: 'Not', live: [bools(1, 0)] },
  { op: 'Where', live: [bools(1, 0, 1, 1), f(3, 1), f(4)] },
  { op: 'PRelu', live: [f(1, 3, 2, 2)], constants: [f(3, 1, 1)], opset: 16 },

  { op: 'ConvTranspose', live: [f(1, 4, 3, 5)], constants: [f(4, 2, 3, 2)] },
  { op: 'ConvTranspose', live: [f(2, 4, 3, 5)], constants: [f(4, 3, 2, 2), f(6)], attributes: { group: 2 } },
  {
    op: 'ConvTranspose',
    live: [f(1, 2, 4, 4)],
    constants: [f(2, 3, 3, 3), f(3)],
    attributes: { strides: [2, 3], pads: [1, 0, 1, 2], output_padding: [1, 1], dilations: [2, 1] },
  },
  {
    op: 'ConvTranspose',
    live: [f(1, 2, 4, 4)],
    constants: [f(2, 3, 3, 3)],
    attributes: { strides: [2, 2], auto_pad: 'SAME_UPPER' },
  },
  {
    op: 'ConvTranspose',
    live: [f(1, 2, 4, 4)],
    constants: [f(2, 3, 3, 3)],
    attributes: { strides: [3, 2], output_shape: [10, 8], output_padding: [1, 1] },
  },
  { op: 'ConvTranspose', live: [f(1, 2, 5)], constants: [f(2, 1, 4)], attributes: { strides: [3] } },

  { op: 'InstanceNormalization', live: [f(2, 3, 4, 4)], constants: [f(3), f(3)] },
  {
    op: 'GroupNormalization',
    live: [f(2, 4, 3, 3)],
    constants: [f(4), f(4)],
    attributes: { num_groups: 2 },
    opset: 21,
  },
  {
    op: 'GroupNormalization',
    live: [f(2, 4, 3, 3)],
    constants: [f(2), f(2)],
    attributes: { num_groups: 2 },
    opset: 18,
  },
  { op: 'LayerNormalization', live: [f(2, 3, 4)], constants: [f(4), f(4)], opset: 17, outputs: 3 },
  {
    op: 'LayerNormalization',
    live: [f(2, 3, 4)],
    constants: [f(3, 4)],
    attributes: { axis: 1 },
    opset: 17,
    outputs: 2,
  },

  ...['Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].flatMap((name) => [
    { op: `Reduce${name}`, live: [f(2, 3, 4)], constants: [ints(-1, 0)], opset: 18 },
    { op: `Reduce${name}`, live: [f(2, 3, 4)], attributes: { keepdims: 0 }, opset: 18 },
  ]),
  { op: 'ReduceL2', live: [f(2, 3, 4)], attributes: { axes: [1], keepdims: 0 }, opset: 13 },
  { op: 'ReduceSum', live: [f(2, 3)], attributes: { noop_with_empty_axes: 1 }, opset: 13 },
  { op: 'ArgMax', live: [f(2, 3, 4)], attributes: { axis: -2 } },
  { op: 'ArgMin', live: [f(2, 3, 4)], attributes: { axis: 1, keepdims: 0 } },
  { op: 'TopK', live: [f(2, 9)], constants: [ints(4)], outputs: 2 },
  { op: 'TopK', live: [f(9, 2)], constants: [ints(3)], attributes: { axis: 0, largest: 0 }, outputs: 2 },
  { op: 'CumSum', live: [f(2, 3)], constants: [ints(1)] },
  { op: 'CumSum', live: [f(2, 3, 4)], constants: [ints(-2)], attributes: { exclusive: 1, reverse: 1 } },

  { op: 'Upsample', live: [f(1, 2, 3, 3)], constants: [Tensor.float32([4], [1, 1, 2, 1.5])], opset: 9 },
  { op: 'SpaceToDepth', live: [f(1, 2, 4, 6)], attributes: { blocksize: 2 } },
  {
    op: 'LpPool',
    live: [f(1, 2, 5, 5)],
    attributes: { kernel_shape: [2, 3], strides: [2, 1], p: 2 },
    opset: 18,
  },
  { op: 'GlobalLpPool', live: [f(1, 2, 5, 5)] },
  {
    op: 'Upsample',
    live: [f(1, 2, 3, 3)],
    constants: [Tensor.float32([4], [1, 1, 2, 1.5])],
    attributes: { mode: 'linear' },
    opset: 9,
  },

  { op: 'Expand', live: [f(3, 1)], constants: [ints(2, 1, 4)] },
  { op: 'Tile', live: [f(2, 3)], constants: [ints(2, 3)] },
  { op: 'OneHot', live: [ints(1, 0, 2)], constants: [ints(4), Tensor.float32([2], [0, 5])] },
  { op: 'OneHot', live: [ints(1, 0)], constants: [ints(3), ints(0, 1)], attributes: { axis: 0 } },
  { op: 'GatherElements', live: [f(3, 4)], constants: [Tensor.of('int64', [1, 4], ints(2, 0, 1, 2).data)] },
  { op: 'GatherND', live: [f(3, 4, 2)], constants: [Tensor.of('int64', [2, 2], ints(0, 1, 2, 3).data)] },
  {
    op: 'GatherND',
    live: [f(2, 4, 3)],
    constants: [Tensor.of('int64', [2, 1], ints(1, 3).data)],
    attributes: { batch_dims: 1 },
  },
  {
    op: 'ScatterElements',
    live: [f(3, 3)],
    constants: [Tensor.of('int64', [1, 2], ints(2, 0).data), f(1, 2)],
  },
  { op: 'ScatterND', live: [f(4)], constants: [Tensor.of('int64', [1, 1], ints(2).data), f(1)] },
  { op: 'Range', live: [], constants: [ints(2), ints(11), ints(3)].map((tensor) => tensor.reshaped([])) },
  { op: 'CastLike', live: [f(2, 3)], constants: [ints(1)], opset: 15 },
  {
    op: 'RoiAlign',
    live: [f(1, 2, 8, 8)],
    constants: [Tensor.float32([2, 4], [0, 0, 4, 4, 1, 1, 6, 7]), ints(0, 0)],
    attributes: { output_height: 3, output_width: 2 },
    opset: 16,
  },

  { op: 'QuantizeLinear', live: [f(2, 3)], constants: [scalar(0.5), zero()] },
  { op: 'QuantizeLinear', live: [f(2, 3)], constants: [f(3), bytes([3], 'int8')], attributes: { axis: 1 } },
  { op: 'QuantizeLinear', live: [f(2, 3)], constants: [scalar(0.5)] },
  { op: 'DequantizeLinear', live: [bytes([2, 3])], constants: [scalar(0.5), zero()] },
  { op: 'DequantizeLinear', live: [bytes([3, 2], 'int8')], constants: [f(3)], attributes: { axis: 0 } },
  { op: 'DynamicQuantizeLinear', live: [f(2, 3)], outputs: 3 },
  { op: 'ConvInteger', live: [bytes([1, 2, 5, 5])], constants: [bytes([3, 2, 3, 3]), zero(), zero()] },
  { op: 'MatMulInteger', live: [bytes([2, 3])], constants: [bytes([3, 4], 'int8')] },
  {
    op: 'QLinearConv',
    live: [bytes([1, 2, 5, 5])],
    constants: [
      ...[scalar(0.1), zero(), bytes([3, 2, 3, 3]), scalar(0.2), zero(), scalar(3), zero()],
      Tensor.of('int32', [3], Int32Array.of(1, 2, 3)),
    ],
    attributes: { pads: [1, 1, 1, 1] },
  },
  {
    op: 'QLinearMatMul',
    live: [bytes([2, 3])],
    constants: [scalar(0.1), zero(), bytes([3, 4]), scalar(0.2), zero(), scalar(3), zero('uint8')],
  },
];

export function graphOfCase({
  op,
  live,
  constants = [],
  attributes = {},
  opset = 13,
  outputs = 1,
}: NodeCase): Graph {
  const names = live.map((_, at) => `x${at}`);
  const fixed = Object.fromEntries(constants.map((tensor, at) => [`c${at}`, tensor]));
  const made = Array.from({ length: outputs }, (_, at) => `y${at}`);
  const node = nodeOf(op, [...names, ...Object.keys(fixed)], made, attributes);
  const graph = graphOf({}, [node], { opset, constants: fixed, outputs: made });
  const types = new Map<string, TensorType>(names.map((name, at) => [name, live[at]!]));
  return inferTypes({ ...graph, inputs: names, types });
}
