import { numberOf } from '../../graph/attributes.ts';
import { type Range, type Region, regionShape, type Shape } from '../../tensor/region.ts';
import { Tensor } from '../../tensor/tensor.ts';
import {
  broadcastRegion,
  freshOutput,
  hasInput,
  inputShape,
  type PartialSum,
  type Reduction,
  type Rule,
  samePart,
  type Target,
} from './rule.ts';

/** The regions of A and B, for a block of A B and a range of the inner axis. */
export function gemmFactors({ node, region }: Target, inner: Range): [Region, Region] {
  const [rows, columns] = [region[0]!, region[1]!];
  return [
    numberOf(node, 'transA', 0) ? [inner, rows] : [rows, inner],
    numberOf(node, 'transB', 0) ? [columns, inner] : [inner, columns],
  ];
}

/** Operand regions of Y = alpha A B + beta C for a block of Y and a range of the inner axis. */
function gemmInputs(target: Target, inner: Range): Region[] {
  const { node, region } = target;
  const inputs: Region[] = gemmFactors(target, inner);
  if (hasInput(node, 2)) inputs.push([...broadcastRegion(inputShape(target, 2), region)]);
  return inputs;
}

export function gemmInner(target: Target): number {
  return inputShape(target, 0)[numberOf(target.node, 'transA', 0) ? 0 : 1]!;
}

export const gemm: Rule = (target) => samePart(target.node, gemmInputs(target, [0, gemmInner(target)]));

/** beta C belongs to the range that begins at 0; the others add nothing, which opset < 11 must spell as zeros. */
export const reducedGemm: Reduction = (target, channels) => {
  const [a, b, c] = gemmInputs(target, channels);
  if (c === undefined || channels[0] === 0) return [partialSum(target, c ? [a!, b!, c] : [a!, b!])];
  const zeros = (target.graph.opsets[''] ?? 1) < 11 ? Tensor.zeros('float32', regionShape(c)) : undefined;
  return [partialSum(target, [a!, b!], zeros)];
};

/** Batch axes broadcast; an operand of rank 1 has no row (or column) axis, and neither has the output then. */
export function matmulFactors({ region }: Target, inner: Range, a: Shape, b: Shape): [Region, Region] {
  const batch = region.slice(0, region.length - (a.length > 1 ? 1 : 0) - (b.length > 1 ? 1 : 0));
  const rows = region[batch.length];
  const columns = region.at(-1);
  return [
    a.length === 1 ? [inner] : [...broadcastRegion(a.slice(0, -2), batch), rows!, inner],
    b.length === 1 ? [inner] : [...broadcastRegion(b.slice(0, -2), batch), inner, columns!],
  ];
}

function matmulInputs(target: Target, inner: Range): Region[] {
  return matmulFactors(target, inner, inputShape(target, 0), inputShape(target, 1));
}

export const matmul: Rule = (target) =>
  samePart(target.node, matmulInputs(target, [0, inputShape(target, 0).at(-1)!]));

export const reducedMatmul: Reduction = (target, channels) => [
  partialSum(target, matmulInputs(target, channels)),
];

function partialSum(target: Target, inputs: readonly Region[], bias?: Tensor): PartialSum {
  const { node, region } = target;
  return {
    inputs,
    output: { region, join: 'sum' },
    emit(builder) {
      const names = inputs.map((input, at) => builder.take(node.inputs[at]!, input));
      if (bias) names.push(builder.constant(`${node.name}/zeros`, bias));
      const name = freshOutput(builder, target, region);
      builder.node({ ...node, inputs: names, outputs: [name] });
      return name;
    },
  };
}
