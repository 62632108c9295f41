import type { Graph } from '../../src/graph/graph.ts';
import { sizeOf } from '../../src/tensor/region.ts';

/** Trainable values: all constants but running statistics and the bounds of Clip. */
export function parametersOf(graph: Graph): number {
  let sum = 0;
  for (const [name, { size, shape }] of graph.initializers) {
    if (shape.length > 0 && !/\/(mean|variance)$/.test(name)) sum += size;
  }
  return sum;
}

/** Multiply-accumulates of convolutions and dense layers: each output value takes one filter's worth of them. */
export function macsOf(graph: Graph): number {
  let sum = 0;
  for (const { op, inputs, outputs } of graph.nodes) {
    if (op !== 'Conv' && op !== 'Gemm') continue;
    const [, ...filter] = graph.types.get(inputs[1]!)!.shape;
    sum += sizeOf(graph.types.get(outputs[0]!)!.shape) * sizeOf(filter);
  }
  return sum;
}
