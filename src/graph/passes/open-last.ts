import type { Graph } from '../graph.ts';
import { openTensors } from '../infer.ts';
import type { Pass } from './pass.ts';

/**
 * Nodes that make tensors of another shape in every run, and all that follow them, come last. They stay with the master,
 * and no layer that is cut lies between them: so they are one local stage, and none of their tensors has to be described
 * to another program.
 */
export const openLast: Pass = {
  name: 'open-last',
  run(graph: Graph): Graph {
    const open = openTensors(graph);
    if (open.size === 0) return graph;
    const isOpen = ({ outputs }: Graph['nodes'][number]) => outputs.some((name) => open.has(name));
    const nodes = [...graph.nodes.filter((node) => !isOpen(node)), ...graph.nodes.filter(isOpen)];
    return { ...graph, nodes };
  },
};
