import type { Graph, Node } from '../graph.ts';
import { CONSTANTS } from './constants.ts';
import { CONVOLUTION } from './convolution.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { MATMUL } from './matmul.ts';
import { NORMALIZATION } from './normalization.ts';
import { NO_TENSORS, NO_TENSORS_ML, OPEN_SHAPES } from './open-shapes.ts';
import { PACKED } from './packed.ts';
import { POOLING } from './pooling.ts';
import { QLINEAR } from './qlinear.ts';
import { QUANTIZATION } from './quantization.ts';
import { REDUCTION } from './reduce.ts';
import { REPEATING } from './repeating.ts';
import { RESHAPING } from './reshaping.ts';
import { RESIZE } from './resize.ts';
import { SLICING } from './slicing.ts';
import { type OperatorSpec, operatorKey } from './spec.ts';

/** Every operator that we know the shapes of, by `operatorKey`. Any other stays in a local stage. */
export const OPERATORS: ReadonlyMap<string, OperatorSpec> = new Map(
  [
    CONVOLUTION,
    MATMUL,
    NORMALIZATION,
    ELEMENTWISE,
    POOLING,
    REDUCTION,
    SLICING,
    RESHAPING,
    RESIZE,
    CONSTANTS,
    REPEATING,
    QUANTIZATION,
    QLINEAR,
    PACKED,
    OPEN_SHAPES,
    NO_TENSORS,
  ].flatMap((family) => Object.entries(family)),
);

/** Undefined for an operator that we do not know. */
export function operatorOf(node: Node): OperatorSpec | undefined {
  return OPERATORS.get(operatorKey(node));
}

/** True where what the node makes has another shape in every run whatever it reads, or is no tensor of numbers. */
export function isOpen(node: Node): boolean {
  const open = node.domain === 'ai.onnx.ml' ? NO_TENSORS_ML.get(node.op) : operatorOf(node)?.open;
  return node.open === true || (typeof open === 'function' ? open(node) : open === true);
}

/** The version of the standard operator set that the graph imports. */
export function opsetOf(graph: Graph): number {
  return graph.opsets[''] ?? 1;
}
