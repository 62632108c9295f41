import { toInt64 } from '../../tensor/int64.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { Graph, Node } from '../graph.ts';
import type { Pass } from './pass.ts';

const RESHAPING = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/**
 * A Reshape of a Reshape reads what the first one read, and one that leaves the shape as it is becomes an Identity.
 * What is left of the first goes where nothing else reads it. Types must have been inferred.
 */
export const mergeReshapes: Pass = {
  name: 'merge-reshapes',
  run(graph: Graph): Graph {
    const { types } = graph;
    const initializers = new Map(graph.initializers);
    const newTypes = new Map(types);
    const sources = new Map<string, string>();
    const nodes = graph.nodes.map((node): Node => {
      const [output = ''] = node.outputs;
      const [input = ''] = node.inputs;
      const shape = types.get(output)?.shape;
      if (node.domain !== '' || !RESHAPING.has(node.op) || !shape || !types.has(input)) return node;
      const source = sources.get(input) ?? input;
      sources.set(output, source);
      if (String(types.get(source)?.shape) === String(shape)) {
        return { ...node, op: 'Identity', inputs: [source], attributes: {} };
      }
      if (source === input) return node;
      const wanted = Tensor.of('int64', [shape.length], BigInt64Array.from(shape, toInt64));
      let name = `${output}/shape`;
      while (newTypes.has(name)) name += '_';
      initializers.set(name, wanted);
      newTypes.set(name, { dtype: 'int64', shape: wanted.shape });
      return { ...node, op: 'Reshape', inputs: [source, name], attributes: {} };
    });
    return { ...graph, nodes, initializers, types: newTypes };
  },
};
