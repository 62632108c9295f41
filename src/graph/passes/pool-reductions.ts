import { toInt64 } from '../../tensor/int64.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { axisOf, numberOf, numbersOf } from '../attributes.ts';
import type { Graph, Node } from '../graph.ts';
import type { Pass } from './pass.ts';

const POOLS: ReadonlyMap<string, string> = new Map([
  ['ReduceMean', 'GlobalAveragePool'],
  ['ReduceMax', 'GlobalMaxPool'],
]);

/**
 * The mean or maximum over all axes behind the channels is a global pooling, which can be cut by depth. A Reshape takes
 * the place of the axes that the reduction dropped. Types must have been inferred.
 */
export const poolReductions: Pass = {
  name: 'pool-reductions',
  run(graph: Graph): Graph {
    const initializers = new Map(graph.initializers);
    const types = new Map(graph.types);
    const nodes = graph.nodes.flatMap((node): Node[] => {
      const pool = node.domain === '' ? POOLS.get(node.op) : undefined;
      const [input = '', axes = ''] = node.inputs;
      const [output = ''] = node.outputs;
      const type = graph.types.get(input);
      const made = graph.types.get(output);
      if (!pool || !made || type?.dtype !== 'float32' || !isSpatial(graph, node, axes, type.shape.length))
        return [node];
      const pooling = { ...node, op: pool, inputs: [input], attributes: {} };
      if (numberOf(node, 'keepdims', 1) !== 0) return [pooling];
      const pooled = free(`${output}/pooled`, types);
      types.set(pooled, { ...type, shape: type.shape.map((extent, axis) => (axis < 2 ? extent : 1)) });
      const shape = free(`${output}/shape`, types);
      const wanted = Tensor.of('int64', [2], BigInt64Array.from(made.shape, toInt64));
      initializers.set(shape, wanted);
      types.set(shape, { dtype: 'int64', shape: [2] });
      const name = `${node.name}/reshape`;
      const reshape: Node = {
        name,
        op: 'Reshape',
        domain: '',
        inputs: [pooled, shape],
        outputs: [output],
        attributes: {},
      };
      return [{ ...pooling, outputs: [pooled] }, reshape];
    });
    return { ...graph, nodes, initializers, types };
  },
};

function isSpatial(graph: Graph, node: Node, axesInput: string, rank: number): boolean {
  const constant = graph.initializers.get(axesInput);
  if (rank < 3 || (axesInput !== '' && !constant)) return false;
  const named = constant
    ? Array.from(constant.data as BigInt64Array, Number)
    : (numbersOf(node, 'axes') ?? []);
  const axes = new Set(named.map((axis) => axisOf(axis, rank)));
  return axes.size === rank - 2 && !axes.has(0) && !axes.has(1);
}

function free(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  let name = wanted;
  while (taken.has(name)) name += '_';
  return name;
}
