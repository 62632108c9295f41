import { type Shape, sizeOf } from '../../tensor/region.ts';
import type { Tensor, TensorType } from '../../tensor/tensor.ts';
import { axisOf, numberOf, numbersOf } from '../attributes.ts';
import { transposed } from '../folding/movement.ts';
import type { Graph, Node } from '../graph.ts';
import type { Pass } from './pass.ts';
import { dequantizesConstants } from './place-dequantized.ts';

const RESHAPING = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']);

/**
 * What moves the elements of dequantised constants moves the constants instead, before they are dequantised:
 *
 *     w int8 -> DequantizeLinear -> Transpose -> MatMul   becomes   w' int8 -> DequantizeLinear -> MatMul
 *
 * Exporters write dense layers so. Scales stay with their channels. Types must have been inferred.
 */
export const moveIntoDequantized: Pass = {
  name: 'move-into-dequantized',
  run(graph: Graph): Graph {
    const initializers = new Map(graph.initializers);
    const types = new Map(graph.types);
    const makers = new Map<string, Node>();
    const nodes = graph.nodes.map((node): Node => {
      const [output = ''] = node.outputs;
      const maker = makers.get(node.inputs[0] ?? '');
      const made = maker && moved(node, maker, { ...graph, initializers, types });
      if (made) {
        initializers.set(made.name, made.source);
        types.set(made.name, { dtype: made.source.dtype, shape: made.source.shape });
      }
      const now = made?.node ?? node;
      if (dequantizesConstants({ ...graph, initializers }, now)) makers.set(output, now);
      return now;
    });
    return { ...graph, nodes, initializers, types };
  },
};

interface Moved {
  readonly node: Node;
  readonly name: string;
  readonly source: Tensor;
}

function moved(node: Node, maker: Node, { initializers, types }: Graph): Moved | undefined {
  const shape = types.get(node.outputs[0]!)?.shape;
  const source = initializers.get(maker.inputs[0]!)!;
  const scales = sizeOf(initializers.get(maker.inputs[1]!)!.shape);
  if (node.domain !== '' || !shape || numberOf(maker, 'block_size', 0) > 0) return undefined;
  const axis = axisOf(numberOf(maker, 'axis', 1), source.shape.length);
  const order = node.op === 'Transpose' ? orderOf(node, source.shape.length) : undefined;
  if (!order && !RESHAPING.has(node.op)) return undefined;
  const place = order ? order.indexOf(axis) : samePlace(source.shape, shape, axis);
  if (scales > 1 && place < 0) return undefined;
  const attributes: Node['attributes'] = scales > 1 ? { axis: { type: 'int', value: place } } : {};
  return {
    node: {
      ...maker,
      name: node.name,
      inputs: maker.inputs.with(0, name(node, types)),
      outputs: node.outputs,
      attributes,
    },
    name: name(node, types),
    source: order ? transposed(source, order) : source.reshaped(shape),
  };
}

function orderOf(node: Node, rank: number): number[] {
  const order = numbersOf(node, 'perm');
  return order
    ? order.map((axis) => axisOf(axis, rank))
    : Array.from({ length: rank }, (_, at) => rank - 1 - at);
}

/** Where a shape of the same elements has the axis: with as many elements before it and behind it. -1: nowhere. */
function samePlace(from: Shape, to: Shape, axis: number): number {
  const before = sizeOf(from.slice(0, axis));
  return to.findIndex((extent, at) => extent === from[axis] && sizeOf(to.slice(0, at)) === before);
}

function name({ outputs }: Node, types: ReadonlyMap<string, TensorType>): string {
  let free = `${outputs[0]}/quantised`;
  while (types.has(free)) free += "'";
  return free;
}
