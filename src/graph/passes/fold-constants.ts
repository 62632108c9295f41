import type { Graph } from '../graph.ts';
import { walkTypes } from '../infer.ts';
import type { Pass } from './pass.ts';

/**
 * Nodes that do not depend on the input become constants, so that what they make counts as filters. A graph output
 * stays with its node: a constant output would have no stage that makes it.
 */
export const foldConstants: Pass = {
  name: 'fold-constants',
  run(graph: Graph): Graph {
    const { types, constants } = walkTypes(graph);
    const outputs = new Set(graph.outputs);
    const initializers = new Map(graph.initializers);
    const nodes = graph.nodes.filter((node) => {
      const [output = ''] = node.outputs;
      const value = constants.get(output);
      if (!value || outputs.has(output)) return true;
      initializers.set(output, value);
      return false;
    });
    return { ...graph, nodes, initializers, types };
  },
};
