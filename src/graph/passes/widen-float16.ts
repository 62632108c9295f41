import type { DType } from '../../tensor/dtype.ts';
import { widenHalf } from '../../tensor/float16.ts';
import { lazily } from '../../tensor/lazy.ts';
import type { Tensor, TensorType } from '../../tensor/tensor.ts';
import type { Attribute, Graph, Node } from '../graph.ts';

/** TensorProto.DataType numbers, as they stand in the `to` of a Cast. */
const FLOAT32 = 1;
const FLOAT16 = 10;

/**
 * A graph with float16 filters as a float32 graph: filters are widened when they are read, inputs and declared values
 * become float32, and a Cast to float16 becomes one to float32. A graph without float16 filters is left alone.
 * A subgraph is not looked into: `refuse` makes the error for one.
 */
export function widenFloat16(graph: Graph, refuse: (reason: string) => Error): Graph {
  const half = [...graph.initializers.values()].some((tensor) => tensor.dtype === 'float16');
  const halfConstant = graph.nodes.some((node) => Object.values(node.attributes).some(isHalfTensor));
  if (!half && !(halfConstant && graph.nodes.some((node) => node.op === 'Constant'))) return graph;
  const initializers = new Map([...graph.initializers].map(([name, tensor]) => [name, widened(tensor)]));
  const types = new Map([...graph.types].map(([name, type]) => [name, widenedType(type)]));
  return { ...graph, nodes: graph.nodes.map((node) => widenedNode(node, refuse)), initializers, types };
}

function isHalfTensor(attribute: Attribute): boolean {
  return attribute.type === 'tensor' && attribute.value.dtype === 'float16';
}

function widened(tensor: Tensor): Tensor {
  if (tensor.dtype !== 'float16') return tensor;
  const half = tensor as Tensor<'float16'>;
  return lazily('float32', half.shape, () => widenHalf(half.data));
}

function widenedType(type: TensorType): TensorType {
  return type.dtype === ('float16' satisfies DType) ? { ...type, dtype: 'float32' } : type;
}

function widenedNode(node: Node, refuse: (reason: string) => Error): Node {
  const entries = Object.entries(node.attributes);
  if (entries.some(([, attribute]) => attribute.type === 'opaque' && attribute.reads.length > 0)) {
    throw refuse(`the node ${node.name} has a subgraph, which cannot be widened to float32`);
  }
  const changed = entries.map(
    ([name, attribute]) => [name, widenedAttribute(node, name, attribute)] as const,
  );
  if (changed.every(([, attribute], at) => attribute === entries[at]![1])) return node;
  return { ...node, attributes: Object.fromEntries(changed) };
}

function widenedAttribute(node: Node, name: string, attribute: Attribute): Attribute {
  if (attribute.type === 'tensor') {
    return isHalfTensor(attribute) ? { ...attribute, value: widened(attribute.value) } : attribute;
  }
  const namesType = name === 'dtype' || (name === 'to' && node.op === 'Cast');
  if (namesType && attribute.type === 'int' && attribute.value === FLOAT16) {
    return { ...attribute, value: FLOAT32 };
  }
  return attribute;
}
