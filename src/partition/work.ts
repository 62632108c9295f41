import { numberOf } from '../graph/attributes.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { ACTIVATIONS, COMPARING, PAIRWISE, POINTWISE, VARIADIC } from '../graph/operators/elementwise.ts';
import { operatorOf, opsetOf } from '../graph/operators/index.ts';
import { elementBytes } from '../tensor/dtype.ts';
import { type Range, type Region, regionShape, regionSize } from '../tensor/region.ts';
import type { TensorType } from '../tensor/tensor.ts';
import { unitsOf } from './units.ts';

/** Operators that run at the same seconds per MAC, or per byte where they hardly compute. */
export const WORK_KINDS = [
  'conv3x3',
  'conv1x1',
  'conv',
  'depthwise',
  'gemm',
  'pool',
  'elementwise',
  'other',
] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

/** What one node of a shard costs whoever runs it. */
export interface Work {
  readonly kind: WorkKind;
  /** Multiply-accumulates. */
  readonly macs: number;
  /** Of the live tensors that the node reads and writes. */
  readonly bytes: number;
  /** Of the constants that it reads. */
  readonly filterBytes: number;
}

/** A node of the graph and the regions of its operands that a shard uses. */
export interface NodePart {
  readonly node: Node;
  /** In the order of the node's inputs; undefined where it is absent or not needed. */
  readonly inputs: readonly (Region | undefined)[];
  readonly output: Region;
}

/** A part with what it costs. */
export interface PricedPart extends NodePart {
  readonly work: Work;
  /** The work behind a convolution of the same shard, which may be fused with it. */
  readonly fused: Work;
}

/**
 * From the shapes of the regions alone: no program is built, no constant is read. What lies within a unit of a quantised model
 * is not counted among the bytes: what goes in and comes out of it is quantised.
 */
export function pricedPart(graph: Graph, part: NodePart): PricedPart {
  const { node, inputs, output } = part;
  const { inner } = unitsOf(graph);
  let bytes = inner.has(node.outputs[0]!) ? 0 : bytesOfRegion(graph, node.outputs[0]!, output);
  let filterBytes = 0;
  for (let at = 0; at < inputs.length; at += 1) {
    const region = inputs[at];
    if (!region) continue;
    const size = bytesOfRegion(graph, node.inputs[at]!, region);
    if (graph.initializers.has(node.inputs[at]!)) filterBytes += size;
    else if (!inner.has(node.inputs[at]!)) bytes += size;
  }
  const kind = kindOf(graph, part);
  const macs = macsOfPart(graph, part);
  const work = { kind, macs, bytes: VIEWS.has(node.op) ? 0 : bytes, filterBytes };
  const fused = ACTIVATIONS.has(node.op) ? { kind, macs, bytes: 0, filterBytes } : work;
  return { node, inputs, output, work, fused };
}

/** The work of each part of a shard. */
export function workOf(parts: readonly PricedPart[]): Work[] {
  const convolved = new Set<string>();
  const work: Work[] = [];
  for (const part of parts) {
    const { node } = part;
    work.push(convolved.has(node.inputs[0]!) ? part.fused : part.work);
    if (node.op === 'Conv') convolved.add(node.outputs[0]!);
  }
  return work;
}

export function bytesOfRegion(graph: Graph, tensor: string, region: Region): number {
  return regionSize(region) * elementBytes(graph.types.get(tensor)?.dtype ?? 'float32');
}

/** The operator's own rule, asked with the shapes of the regions. */
function macsOfPart(graph: Graph, { node, inputs, output }: NodePart): number {
  const macs = operatorOf(node)?.macs;
  if (!macs) return 0;
  const typeOf = (tensor: string, region: Region | undefined): TensorType | undefined => {
    const type = graph.types.get(tensor);
    return type && region && { dtype: type.dtype, shape: regionShape(region) };
  };
  const types = inputs.map((region, at) => typeOf(node.inputs[at]!, region));
  const result = typeOf(node.outputs[0]!, output);
  // A partial sum may go without the bias, but operators that multiply need both operands.
  if (!result || !types[0] || !types[1]) return 0;
  const constant = (at: number) => graph.initializers.get(node.inputs[at] ?? '');
  return macs({ node, opset: opsetOf(graph), inputs: types, constant }, result);
}

/** Operators that make a view of their input. */
const VIEWS = new Set(['Dropout', 'Flatten', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze']);

const ELEMENTWISE = new Set<string>([
  ...[...POINTWISE, ...PAIRWISE, ...COMPARING, ...VARIADIC],
  ...['BatchNormalization', 'Clip', 'DequantizeLinear', 'PRelu', 'QuantizeLinear', 'Where'],
  ...['QLinearAdd', 'QLinearLeakyRelu', 'QLinearMul', 'QLinearSigmoid'],
]);

function kindOf(graph: Graph, { node, inputs }: NodePart): WorkKind {
  const { op } = node;
  if (op.includes('Gemm') || op.includes('MatMul')) return 'gemm';
  if (op.endsWith('Pool')) return 'pool';
  if (ELEMENTWISE.has(op)) return 'elementwise';
  if (op === 'ConvTranspose') return 'conv';
  const filters = op.includes('Conv') ? inputs[op === 'QLinearConv' ? 3 : 1] : undefined;
  if (!filters) return 'other';
  const extentOf = ([start, end]: Range) => end - start;
  const channels = graph.types.get(node.inputs[0]!)?.shape[1];
  const depthwise = channels !== 1 && numberOf(node, 'group', 1) === channels;
  if (depthwise && extentOf(filters[1]!) === 1) return 'depthwise';
  const kernel = (extent: number) => filters.every((range, axis) => axis < 2 || extentOf(range) === extent);
  if (kernel(3)) return 'conv3x3';
  return kernel(1) ? 'conv1x1' : 'conv';
}
