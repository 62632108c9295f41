import type { DType } from '../../tensor/dtype.ts';
import { float16ToFloat32 } from '../../tensor/float16.ts';
import { lazily } from '../../tensor/lazy.ts';
import type { Tensor, TensorType } from '../../tensor/tensor.ts';
import { DATA_TYPE } from '../data-types.ts';
import type { Attribute, Graph, Node } from '../graph.ts';

/**
 * A graph with float16 filters as a float32 graph: filters are widened when they are read, inputs and declared values
 * become float32, and a Cast to float16 becomes one to float32. A graph without float16 filters is left alone.
 * A subgraph is not looked into: `refuse` makes the error for one.
 */
export function widenFloat16(graph: Graph, refuse: (reason: string) => Error): Graph {
  if (!hasHalfFilters(graph)) return graph;
  const initializers = new Map([...graph.initializers].map(([name, tensor]) => [name, widened(tensor)]));
  const types = new Map([...graph.types].map(([name, type]) => [name, widenedType(type)]));
  return { ...graph, nodes: graph.nodes.map((node) => widenedNode(node, refuse)), initializers, types };
}

/** Filters may also be made by nodes: exporters write them as Constant, generators as ConstantOfShape. */
function hasHalfFilters(graph: Graph): boolean {
  if ([...graph.initializers.values()].some((tensor) => tensor.dtype === 'float16')) return true;
  return graph.nodes.some(
    ({ op, attributes }) =>
      (op === 'Constant' || op === 'ConstantOfShape') && Object.values(attributes).some(isHalfTensor),
  );
}

function isHalfTensor(attribute: Attribute): boolean {
  return attribute.type === 'tensor' && attribute.value.dtype === 'float16';
}

function widened(tensor: Tensor): Tensor {
  if (tensor.dtype !== 'float16') return tensor;
  const half = tensor as Tensor<'float16'>;
  return lazily('float32', half.shape, () => float16ToFloat32(half.data));
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
  if (attribute.type === 'opaque') {
    // what a subgraph holds stays as it is, so it must not come into a graph that was widened
    const { body: _, ...closed } = attribute;
    return closed;
  }
  if (attribute.type === 'tensor') {
    return isHalfTensor(attribute) ? { ...attribute, value: widened(attribute.value) } : attribute;
  }
  const namesType = name === 'dtype' || (name === 'to' && node.op === 'Cast');
  if (namesType && attribute.type === 'int' && attribute.value === DATA_TYPE.float16) {
    return { ...attribute, value: DATA_TYPE.float32 };
  }
  return attribute;
}
