import { broadcast, normalization, unary } from './elementwise.ts';
import { dense } from './multiplication.ts';
import { argument, reduction } from './reduction.ts';
import { reshaping, transposition } from './reshaping.ts';
import type { LayoutRule } from './rule.ts';
import { concatenation, gathering, padding, slicing, softmax } from './slicing.ts';

const UNARY = [
  'Abs',
  'Cast',
  'Ceil',
  'Celu',
  'Clip',
  'Cos',
  'DequantizeLinear',
  'Dropout',
  'Elu',
  'Erf',
  'Exp',
  'Floor',
  'Gelu',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'LeakyRelu',
  'Log',
  'Mish',
  'Neg',
  'Not',
  'QuantizeLinear',
  'Reciprocal',
  'Relu',
  'Round',
  'Selu',
  'Sigmoid',
  'Sign',
  'Sin',
  'Softplus',
  'Softsign',
  'Sqrt',
  'Tanh',
  'ThresholdedRelu',
];
const BROADCAST = ['Add', 'Div', 'Max', 'Mean', 'Min', 'Mul', 'PRelu', 'Pow', 'Sub', 'Sum'];
const REDUCTIONS = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'];

/** How Transposes move past each operator; past one that is not here they do not. */
export const RULES: ReadonlyMap<string, LayoutRule> = new Map<string, LayoutRule>([
  ...UNARY.map((op) => [op, unary] as const),
  ...BROADCAST.map((op) => [op, broadcast] as const),
  ...REDUCTIONS.map((op) => [`Reduce${op}`, reduction] as const),
  ['ArgMax', argument],
  ['ArgMin', argument],
  ['BatchNormalization', normalization],
  ['Concat', concatenation],
  ['Flatten', reshaping],
  ['Gather', gathering],
  ['Gemm', dense],
  ['LogSoftmax', softmax],
  ['MatMul', dense],
  ['Pad', padding],
  ['Reshape', reshaping],
  ['Slice', slicing],
  ['Softmax', softmax],
  ['Squeeze', reshaping],
  ['Transpose', transposition],
  ['Unsqueeze', reshaping],
]);
