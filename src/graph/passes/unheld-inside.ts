import { consumersOf, type Graph, type Node, writesOf } from '../graph.ts';
import { openTensors, unknownTensors } from '../infer.ts';
import type { Pass } from './pass.ts';

/** Of a maker behind a maker and so on; a longer chain is left where it is. */
const MAX_DEPTH = 256;

/**
 * A node whose tensors Isobath cannot hold (of int4, of text, a sequence) comes directly before the node that reads them, once for
 * each reader. So both lie in one local stage, and no layer that is cut lies between them: the tensors stay inside a program.
 * What this would make larger than twice the graph stays as it is, and an engine refuses what has to leave a program.
 */
export const unheldInside: Pass = {
  name: 'unheld-inside',
  run(graph: Graph): Graph {
    const open = openTensors(graph);
    const unheld = new Set(unknownTensors(graph).filter((name) => !open.has(name)));
    if (unheld.size === 0) return graph;
    return moved(graph, makersOf(graph, unheld)) ?? graph;
  },
};

/** For each tensor, the node that makes it and nothing that could be held; of those that only inputs of nodes read. */
function makersOf(graph: Graph, unheld: ReadonlySet<string>): Map<string, Node> {
  const consumers = consumersOf(graph.nodes);
  const staysInside = (name: string) =>
    unheld.has(name) && (consumers.get(name) ?? []).every(({ inputs }) => inputs.includes(name));
  const makers = new Map<string, Node>();
  for (const node of graph.nodes) {
    const names = writesOf(node);
    if (names.length > 0 && names.every(staysInside)) for (const name of names) makers.set(name, node);
  }
  return makers;
}

/** Undefined where it would take too many copies. */
function moved(graph: Graph, makers: ReadonlyMap<string, Node>): Graph | undefined {
  const moves = new Set(makers.values());
  const placed = new Set<Node>();
  const nodes: Node[] = [];
  const append = (node: Node, depth: number): boolean => {
    const renamed = new Map<string, string>();
    const nameOf = (name: string) => renamed.get(name) ?? name;
    for (const maker of new Set(node.inputs.flatMap((name) => makers.get(name) ?? []))) {
      if (depth > MAX_DEPTH || nodes.length > 2 * graph.nodes.length) return false;
      const isCopy = placed.has(maker);
      placed.add(maker);
      const suffix = `/copy-${nodes.length}-${depth}`;
      if (isCopy) for (const name of writesOf(maker)) renamed.set(name, `${name}${suffix}`);
      const name = isCopy ? `${maker.name}${suffix}` : maker.name;
      if (!append({ ...maker, name, outputs: maker.outputs.map(nameOf) }, depth + 1)) return false;
    }
    nodes.push(renamed.size > 0 ? { ...node, inputs: node.inputs.map(nameOf) } : node);
    return true;
  };
  const isWhole = graph.nodes.every((node) => moves.has(node) || append(node, 0));
  return isWhole ? { ...graph, nodes } : undefined;
}
