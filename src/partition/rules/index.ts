import { COMPARING, PAIRWISE, POINTWISE, VARIADIC } from '../../graph/operators/elementwise.ts';
import { REDUCING } from '../../graph/operators/reduce.ts';
import { convolution, reducedConvolution } from './convolution.ts';
import { elementwise, softmax } from './elementwise.ts';
import { concatenation, reshaping, transposition } from './layout.ts';
import { gemm, matmul, reducedGemm, reducedMatmul } from './multiplication.ts';
import { batchNormalization, instanceNormalization, layerNormalization, lrn } from './normalization.ts';
import { globalPooling, pooling } from './pooling.ts';
import { padding, quantizing, reduction, resizing, slicing } from './resampling.ts';
import type { Part, PartialSum, Reduction, Rule, Target } from './rule.ts';
import { reducedTransposedConvolution, transposedConvolution } from './transposed-convolution.ts';

const all = (names: readonly string[], rule: Rule): Readonly<Record<string, Rule>> =>
  Object.fromEntries(names.map((name) => [name, rule]));

const RULES: Readonly<Record<string, Rule>> = {
  ...all([...POINTWISE, ...PAIRWISE, ...COMPARING, ...VARIADIC, 'IsInf', 'IsNaN'], elementwise),
  ...all(['Cast', 'Clip', 'Dropout', 'PRelu', 'Where'], elementwise),
  ...all(REDUCING, reduction),
  AveragePool: pooling,
  BatchNormalization: batchNormalization,
  Concat: concatenation,
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  DequantizeLinear: quantizing,
  Flatten: reshaping,
  Gemm: gemm,
  GlobalAveragePool: globalPooling,
  GlobalLpPool: globalPooling,
  GlobalMaxPool: globalPooling,
  InstanceNormalization: instanceNormalization,
  LRN: lrn,
  LayerNormalization: layerNormalization,
  LogSoftmax: softmax,
  MatMul: matmul,
  MaxPool: pooling,
  Pad: padding,
  QuantizeLinear: quantizing,
  Reshape: reshaping,
  Resize: resizing,
  Slice: slicing,
  Softmax: softmax,
  Squeeze: reshaping,
  Transpose: transposition,
  Unsqueeze: reshaping,
  Upsample: resizing,
};

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  Conv: reducedConvolution,
  ConvTranspose: reducedTransposedConvolution,
  Gemm: reducedGemm,
  MatMul: reducedMatmul,
};

/** How the node's part is computed, or undefined where no rule lets it be cut like this. */
export function partOf(target: Target): Part | undefined {
  const rule =
    target.node.domain === '' && Object.hasOwn(RULES, target.node.op) ? RULES[target.node.op] : undefined;
  return rule?.(target);
}

/** The split of the node's sum over its input depth, for the operators that have one. */
export function reductionOf(
  target: Target,
  channels: readonly [number, number],
): readonly PartialSum[] | undefined {
  return REDUCTIONS[target.node.op]?.(target, channels);
}
