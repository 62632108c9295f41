import { type Graph, type Node, readsOf, writesOf } from '../graph.ts';
import type { Pass } from './pass.ts';

/** Keeps what the graph's outputs depend on; inputs stay, because they are the model's face. */
export const dropUnused: Pass = {
  name: 'drop-unused',
  run(graph: Graph): Graph {
    const used = new Set(graph.outputs);
    const nodes: Node[] = [];
    for (const node of graph.nodes.toReversed()) {
      if (!writesOf(node).some((name) => used.has(name))) continue;
      for (const name of readsOf(node)) used.add(name);
      nodes.push(node);
    }
    const present = new Set([...used, ...graph.inputs, ...nodes.flatMap(writesOf)]);
    return {
      ...graph,
      nodes: nodes.reverse(),
      initializers: new Map([...graph.initializers].filter(([name]) => used.has(name))),
      types: new Map([...graph.types].filter(([name]) => present.has(name))),
    };
  },
};
