import type { Graph, Node } from '../../src/graph/graph.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { SeededFilters } from '../../src/zoo/seeded-filters.ts';

/**
 * The graph with seeded values in place of its constant filters: He-normal filters, small biases and means, scales of
 * 1 and variances around 1. For models that were published as a structure without training.
 */
export function withSeededFilters(graph: Graph, seed: number): Graph {
  const make = new SeededFilters(seed);
  const initializers = new Map<string, Tensor>(graph.initializers);
  const fill = (node: Node, at: number, filler: (name: string, tensor: Tensor) => Tensor) => {
    const name = node.inputs[at] ?? '';
    const tensor = graph.initializers.get(name);
    if (tensor) initializers.set(name, filler(name, tensor));
  };
  const small = (name: string, { shape }: Tensor) => make.small(name, shape[0]!);
  for (const node of graph.nodes) {
    if (node.op === 'Conv' || node.op === 'Gemm') {
      fill(node, 1, (name, { shape }) =>
        make.filters(
          name,
          shape,
          shape.slice(1).reduce((a, b) => a * b, 1),
          2,
        ),
      );
      fill(node, 2, small);
    } else if (node.op === 'BatchNormalization') {
      fill(node, 1, (_, { shape }) => ones(shape[0]!));
      fill(node, 2, small);
      fill(node, 3, small);
      fill(node, 4, (name, { shape }) => make.variance(name, shape[0]!));
    }
  }
  return { ...graph, initializers };
}

function ones(channels: number): Tensor {
  return Tensor.float32([channels], new Float32Array(channels).fill(1));
}
