import { numbersOf, stringOf } from '../../../graph/attributes.ts';
import type { Node } from '../../../graph/graph.ts';
import { windowOf } from '../../../graph/window.ts';
import { Tensor } from '../../../tensor/tensor.ts';
import { constantNode, ints, type NodeView, type Rewriting, withAttributes, without } from './rewriting.ts';

/** Which input has the filters; pooling has none. */
const FILTERS: Readonly<Record<string, number>> = { Conv: 1, ConvInteger: 1, QLinearConv: 3 };

/**
 * SAME padding of dilated windows as numbers: onnxruntime 1.30 refuses it for convolutions, and for pooling takes as many
 * pads as without the dilation, which gives smaller outputs than ONNX says.
 */
export const explicitPads: Rewriting = (view) => {
  const { node } = view;
  if (!isDilatedSame(view)) return [node];
  const filters = FILTERS[node.op];
  const kernel =
    numbersOf(node, 'kernel_shape') ??
    (filters === undefined ? undefined : view.type(filters)?.shape.slice(2));
  const spatial = kernel && spatialOf(view, kernel.length);
  if (!kernel || !spatial)
    throw view.refuse('SAME padding of a dilated window in a shape that only a run tells');
  const { padsBegin, padsEnd } = windowOf(node, spatial, kernel);
  const value = [...padsBegin, ...padsEnd];
  // a list of the wrong length is told by whoever checks the window
  if (!value.every(Number.isSafeInteger)) return [node];
  if (filters === undefined && value.some((pad, at) => pad >= kernel[at % kernel.length]!)) {
    return paddedBefore(view, padsBegin, padsEnd);
  }
  return [withAttributes(without(node, 'auto_pad'), { pads: ints(value) })];
};

/** Pads of a pooling that are as wide as its kernel, which onnxruntime refuses, as a node of their own. */
function paddedBefore(view: NodeView, begin: readonly number[], end: readonly number[]): readonly Node[] {
  const { node } = view;
  const lowest = LOWEST[view.type(0)?.dtype ?? ''];
  if (node.op !== 'MaxPool' || !lowest || node.outputs.length > 1)
    throw view.refuse('SAME padding as wide as the kernel, which onnxruntime does not take');
  const output = view.fresh(`${node.name}/padded`);
  const pads = [0, 0, ...begin, 0, 0, ...end];
  const pad = { name: output, op: 'Pad', domain: '', outputs: [output] };
  const rest = { ...without(node, 'auto_pad'), inputs: [output] };
  const [input = ''] = node.inputs;
  if (view.opset < 11) {
    const value = { type: 'float', value: Number.NEGATIVE_INFINITY } as const;
    return [{ ...pad, inputs: [input], attributes: { pads: ints(pads), value } }, rest];
  }
  const amounts = constantNode(
    view,
    'pads',
    Tensor.of('int64', [pads.length], BigInt64Array.from(pads, BigInt)),
  );
  const value = constantNode(view, 'lowest', lowest);
  const inputs = [input, ...amounts.outputs, ...value.outputs];
  return [amounts, value, { ...pad, inputs, attributes: {} }, rest];
}

const LOWEST: Readonly<Record<string, Tensor>> = {
  float32: Tensor.float32([], [Number.NEGATIVE_INFINITY]),
  float16: Tensor.of('float16', [], Uint16Array.of(0xfc00)),
};

export function isDilatedSame({ node }: Pick<NodeView, 'node'>): boolean {
  const dilated = numbersOf(node, 'dilations')?.some((dilation) => dilation > 1) === true;
  return dilated && stringOf(node, 'auto_pad', 'NOTSET').startsWith('SAME');
}

/** With strides of 1 the pads do not depend on the size. */
function spatialOf(view: NodeView, rank: number): readonly number[] | undefined {
  const known = view.type(0)?.shape.slice(2);
  if (known) return known.length === rank ? known : undefined;
  const strides = numbersOf(view.node, 'strides') ?? [];
  return strides.every((stride) => stride === 1) ? new Array<number>(rank).fill(1) : undefined;
}
