import { convolution, reducedConvolution } from './convolution.ts';
import { batchNormalization, elementwise, lrn, softmax } from './elementwise.ts';
import { concatenation, reshaping, transposition } from './layout.ts';
import { gemm, matmul, reducedGemm, reducedMatmul } from './multiplication.ts';
import { globalPooling, pooling } from './pooling.ts';
import type { Part, PartialSum, Reduction, Rule, Target } from './rule.ts';

const RULES: Readonly<Record<string, Rule>> = {
  Abs: elementwise,
  Add: elementwise,
  AveragePool: pooling,
  BatchNormalization: batchNormalization,
  Ceil: elementwise,
  Celu: elementwise,
  Clip: elementwise,
  Concat: concatenation,
  Conv: convolution,
  Cos: elementwise,
  Div: elementwise,
  Dropout: elementwise,
  Elu: elementwise,
  Erf: elementwise,
  Exp: elementwise,
  Flatten: reshaping,
  Floor: elementwise,
  Gemm: gemm,
  GlobalAveragePool: globalPooling,
  GlobalMaxPool: globalPooling,
  HardSigmoid: elementwise,
  HardSwish: elementwise,
  Identity: elementwise,
  LRN: lrn,
  LeakyRelu: elementwise,
  Log: elementwise,
  LogSoftmax: softmax,
  MatMul: matmul,
  Max: elementwise,
  MaxPool: pooling,
  Min: elementwise,
  Mish: elementwise,
  Mul: elementwise,
  Neg: elementwise,
  PRelu: elementwise,
  Pow: elementwise,
  Reciprocal: elementwise,
  Relu: elementwise,
  Reshape: reshaping,
  Round: elementwise,
  Selu: elementwise,
  Sigmoid: elementwise,
  Sign: elementwise,
  Sin: elementwise,
  Softmax: softmax,
  Softplus: elementwise,
  Softsign: elementwise,
  Sqrt: elementwise,
  Squeeze: reshaping,
  Sub: elementwise,
  Sum: elementwise,
  Tanh: elementwise,
  ThresholdedRelu: elementwise,
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
