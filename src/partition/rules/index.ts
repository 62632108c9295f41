import { COMPARING, PAIRWISE, POINTWISE, VARIADIC } from '../../graph/operators/elementwise.ts';
import { MICROSOFT } from '../../graph/operators/qlinear.ts';
import { REDUCING } from '../../graph/operators/reduce.ts';
import { operatorKey } from '../../graph/operators/spec.ts';
import { convolution, convolutionRule, reducedConvolution, reducedConvolutionRule } from './convolution.ts';
import { elementwise, softmax } from './elementwise.ts';
import { integerGemm, integerMatmul, packedMatmul, reducedIntegerMatmul } from './integer-multiplication.ts';
import { concatenation, reshaping, transposition } from './layout.ts';
import { gemm, matmul, reducedGemm, reducedMatmul } from './multiplication.ts';
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  lrn,
} from './normalization.ts';
import { globalPooling, pooling } from './pooling.ts';
import { asQuantised, quantisedConcatenation, quantisedPair, quantisedSoftmax } from './qlinear.ts';
import { padding, quantizing, reduction, resizing, slicing } from './resampling.ts';
import type { Part, PartialSum, Reduction, Rule, Target } from './rule.ts';
import { reducedTransposedConvolution, transposedConvolution } from './transposed-convolution.ts';

const all = (names: readonly string[], rule: Rule): Readonly<Record<string, Rule>> =>
  Object.fromEntries(names.map((name) => [name, rule]));

/** Where the operators of quantised models have their operands, as the standard and onnxruntime's ContribOperators.md say. */
const CONV_INTEGER = { filters: 1, perFilter: [3] };
const QLINEAR_CONV = { filters: 3, bias: 8, perFilter: [4, 5] };
const MATMUL_INTEGER = { second: 1, perColumn: [3] };
const QLINEAR_MATMUL = { second: 3, perColumn: [4, 5] };
const QGEMM = { second: 3, bias: 6, perColumn: [4, 5] };

const ofMicrosoft = (rules: Readonly<Record<string, Rule>>) =>
  Object.fromEntries(Object.entries(rules).map(([name, rule]) => [`${MICROSOFT}.${name}`, rule]));

const RULES: Readonly<Record<string, Rule>> = {
  ...all([...POINTWISE, ...PAIRWISE, ...COMPARING, ...VARIADIC, 'IsInf', 'IsNaN'], elementwise),
  ...all(['Cast', 'Clip', 'Dropout', 'PRelu', 'Where'], elementwise),
  ...all(REDUCING, reduction),
  AveragePool: pooling,
  BatchNormalization: batchNormalization,
  Concat: concatenation,
  Conv: convolution,
  ConvInteger: convolutionRule(CONV_INTEGER),
  ConvTranspose: transposedConvolution,
  DequantizeLinear: quantizing,
  Flatten: reshaping,
  Gemm: gemm,
  GlobalAveragePool: globalPooling,
  GlobalLpPool: globalPooling,
  GlobalMaxPool: globalPooling,
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LRN: lrn,
  LayerNormalization: layerNormalization,
  LogSoftmax: softmax,
  LpPool: pooling,
  MatMul: matmul,
  MatMulInteger: integerMatmul(MATMUL_INTEGER),
  MaxPool: pooling,
  Pad: padding,
  QLinearConv: convolutionRule(QLINEAR_CONV),
  QLinearMatMul: integerMatmul(QLINEAR_MATMUL),
  QuantizeLinear: quantizing,
  RMSNormalization: layerNormalization,
  Reshape: reshaping,
  Resize: resizing,
  Slice: slicing,
  Softmax: softmax,
  Squeeze: reshaping,
  Transpose: transposition,
  Unsqueeze: reshaping,
  Upsample: resizing,
  ...ofMicrosoft({
    MatMulNBits: packedMatmul,
    QGemm: integerGemm(QGEMM),
    QLinearAdd: quantisedPair,
    QLinearAveragePool: asQuantised(pooling, [0]),
    QLinearConcat: quantisedConcatenation(concatenation),
    QLinearGlobalAveragePool: asQuantised(globalPooling, [0]),
    QLinearLeakyRelu: asQuantised(elementwise, [0]),
    QLinearMul: quantisedPair,
    QLinearSigmoid: asQuantised(elementwise, [0]),
    QLinearSoftmax: quantisedSoftmax,
  }),
};

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  Conv: reducedConvolution,
  ConvInteger: reducedConvolutionRule(CONV_INTEGER),
  ConvTranspose: reducedTransposedConvolution,
  Gemm: reducedGemm,
  MatMul: reducedMatmul,
  MatMulInteger: reducedIntegerMatmul(MATMUL_INTEGER),
};

/** How the node's part is computed, or undefined where no rule lets it be cut like this. */
export function partOf(target: Target): Part | undefined {
  const key = operatorKey(target.node);
  return Object.hasOwn(RULES, key) ? RULES[key]!(target) : undefined;
}

/** The split of the node's sum over its input depth, for the operators that have one. */
export function reductionOf(
  target: Target,
  channels: readonly [number, number],
): readonly PartialSum[] | undefined {
  return REDUCTIONS[target.node.op]?.(target, channels);
}
