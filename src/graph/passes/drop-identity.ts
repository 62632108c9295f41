import { type Graph, type Node, readsOf } from '../graph.ts';
import type { Pass } from './pass.ts';

/**
 * Removes Identity, and Dropout as it is in inference. The readers of its output read its input instead. Where the
 * output is one of the graph, which must keep its name, the node before takes that name over, if its own is free.
 */
export const dropIdentity: Pass = {
  name: 'drop-identity',
  run(graph: Graph): Graph {
    const fixed = capturedNames(graph);
    const outputs = new Set(graph.outputs);
    const made = new Set(graph.nodes.flatMap((node) => node.outputs));
    const read = new Set([...graph.outputs, ...graph.nodes.flatMap(readsOf)]);
    const names = new Renaming();
    const kept = graph.nodes.filter((node) => {
      const [output = ''] = node.outputs;
      if (output === '' || fixed.has(output) || !passesOn(graph, node, read)) return true;
      const input = names.of(node.inputs[0]!);
      if (!outputs.has(output)) {
        names.set(output, input);
        return false;
      }
      if (!made.has(input) || outputs.has(input) || fixed.has(input)) return true;
      names.set(input, output);
      return false;
    });
    if (kept.length === graph.nodes.length) return graph;
    return { ...graph, nodes: kept.map((node) => names.apply(node)) };
  },
};

/** Names that a subgraph captures cannot be changed: its bytes are passed through. */
function capturedNames(graph: Graph): Set<string> {
  const attributes = graph.nodes.flatMap((node) => Object.values(node.attributes));
  return new Set(attributes.flatMap((attribute) => (attribute.type === 'opaque' ? attribute.reads : [])));
}

function passesOn(graph: Graph, node: Node, read: ReadonlySet<string>): boolean {
  if (node.domain !== '' || (node.inputs[0] ?? '') === '') return false;
  if (node.op === 'Identity') return true;
  if (node.op !== 'Dropout') return false;
  const [, mask = ''] = node.outputs;
  const [, , training = ''] = node.inputs;
  const inference = training === '' || graph.initializers.get(training)?.data[0] === 0;
  return inference && !read.has(mask);
}

/** Names that stand for one another, each with the one that is left in the end. */
class Renaming {
  readonly #next = new Map<string, string>();

  set(name: string, other: string): void {
    this.#next.set(name, other);
  }

  of(name: string): string {
    let last = name;
    for (let next = this.#next.get(last); next !== undefined; next = this.#next.get(last)) last = next;
    // Shorten the path that was walked, so that long chains stay cheap.
    for (let at = name; at !== last; ) {
      const next = this.#next.get(at)!;
      this.#next.set(at, last);
      at = next;
    }
    return last;
  }

  apply(node: Node): Node {
    return {
      ...node,
      inputs: node.inputs.map((name) => this.of(name)),
      outputs: node.outputs.map((name) => this.of(name)),
    };
  }
}
