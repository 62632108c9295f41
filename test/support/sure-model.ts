import type { Graph } from '../../src/graph/graph.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { seededNormals } from '../../src/zoo/normal.ts';
import { graphOf, nodeOf } from './graphs.ts';

function normals(name: string, shape: number[], deviation: number): Tensor<'float32'> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Tensor.float32(shape, seededNormals(1, name, size, deviation));
}

/**
 * A detector that is sure that there is nothing: scores near 1e-6. onnxruntime computes a Sigmoid as 0.5 and a fraction, so
 * scores have steps of some 3e-8 whatever their size, and differ by a hundredth between its own levels of optimisation.
 */
export function sureModel(): { graph: Graph; inputs: ReadonlyMap<string, Tensor> } {
  const nodes = [
    nodeOf('Conv', ['x', 'k'], ['c'], { pads: [1, 1, 1, 1] }),
    nodeOf('Relu', ['c'], ['r']),
    nodeOf('Conv', ['r', 'k2', 'b'], ['l']),
    nodeOf('Sigmoid', ['l'], ['y']),
  ];
  const constants = {
    k: normals('k', [64, 3, 3, 3], 0.2),
    k2: normals('k2', [16, 64, 3, 3], 0.04),
    b: Tensor.float32([16], new Float32Array(16).fill(-14)),
  };
  const graph = graphOf({ x: [1, 3, 24, 24] }, nodes, { constants });
  return { graph, inputs: new Map([['x', normals('x', [1, 3, 24, 24], 1)]]) };
}
