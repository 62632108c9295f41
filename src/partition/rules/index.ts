import { convolution, reducedConvolution } from './convolution.ts';
import { batchNormalization, elementwise, lrn, softmax } from './elementwise.ts';
import { concatenation, reshaping, transposition } from './layout.ts';
import { gemm, matmul, reducedGemm, reducedMatmul } from './multiplication.ts';
import { globalPooling, pooling } from './pooling.ts';
import type { Part, PartialSum, Reduction, Rule, Target } from './rule.ts';

const RULES: Readonly<Record<string, Rule>> = {
  Add: elementwise,
  AveragePool: pooling,
  BatchNormalization: batchNormalization,
  Clip: elementwise,
  Concat: concatenation,
  Conv: convolution,
  Div: elementwise,
  Dropout: elementwise,
  Elu: elementwise,
  Flatten: reshaping,
  Gemm: gemm,
  GlobalAveragePool: globalPooling,
  GlobalMaxPool: globalPooling,
  HardSigmoid: elementwise,
  HardSwish: elementwise,
  Identity: elementwise,
  LRN: lrn,
  LeakyRelu: elementwise,
  LogSoftmax: softmax,
  MatMul: matmul,
  MaxPool: pooling,
  Mul: elementwise,
  PRelu: elementwise,
  Relu: elementwise,
  Reshape: reshaping,
  Sigmoid: elementwise,
  Softmax: softmax,
  Squeeze: reshaping,
  Sub: elementwise,
  Sum: elementwise,
  Tanh: elementwise,
  Transpose: transposition,
  Unsqueeze: reshaping,
};

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  Conv: reducedConvolution,
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
