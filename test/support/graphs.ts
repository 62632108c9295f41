import type { Attribute, Graph, Node } from '../../src/graph/graph.ts';
import type { Shape } from '../../src/tensor/region.ts';
import { Tensor, type TensorType } from '../../src/tensor/tensor.ts';

type AttributeValue = number | string | readonly number[] | Tensor;

/** `{ op, inputs, outputs, attributes }` with attribute types guessed: integers unless a number has a fraction. */
export function nodeOf(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Node {
  const entries = Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)] as const);
  return {
    name: `${op}_${outputs[0]}`,
    op,
    domain: '',
    inputs,
    outputs,
    attributes: Object.fromEntries(entries),
  };
}

function attributeOf(value: AttributeValue): Attribute {
  if (value instanceof Tensor) return { type: 'tensor', value };
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'int' : 'float', value };
  return { type: 'ints', value };
}

export function ints(...values: number[]): Tensor<'int64'> {
  return Tensor.of('int64', [values.length], BigInt64Array.from(values, BigInt));
}

/** A float32 tensor whose elements are 1, 2, 3 ... divided by 8: exact in every float type. */
export function floats(...shape: number[]): Tensor<'float32'> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Tensor.float32(
    shape,
    Array.from({ length: size }, (_, i) => ((i % 61) + 1) / 8),
  );
}

/** A graph of float32 inputs; its outputs are those of the last node unless named. */
export function graphOf(
  inputs: Readonly<Record<string, Shape>>,
  nodes: readonly Node[],
  options: { opset?: number; constants?: Record<string, Tensor>; outputs?: string[] } = {},
): Graph {
  const { opset = 13, constants = {}, outputs = nodes.at(-1)!.outputs } = options;
  const types = new Map<string, TensorType>();
  for (const [name, shape] of Object.entries(inputs)) types.set(name, { dtype: 'float32', shape });
  const initializers = new Map(Object.entries(constants));
  const graph = { name: 'test', opsets: { '': opset }, inputs: Object.keys(inputs), outputs: [...outputs] };
  return { ...graph, nodes: [...nodes], initializers, types };
}
