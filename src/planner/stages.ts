import { consumersOf, type Graph, type Node, readsOf, subgraph, writesOf } from '../graph/graph.ts';
import { priced } from '../partition/cut.ts';
import type { Shard } from '../partition/shard.ts';
import { wholeRegion } from '../tensor/region.ts';
import { MASTER, type PlannedShard, type Stage } from './plan.ts';

/** Collects stages in topological order and numbers them. */
export class StageList {
  readonly #graph: Graph;
  readonly #consumers: Map<string, Node[]>;
  readonly #stages: Stage[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#consumers = consumersOf(graph.nodes);
  }

  get stages(): readonly Stage[] {
    return this.#stages;
  }

  distributed(scheme: string, nodes: readonly Node[], shards: readonly PlannedShard[]): void {
    this.#add(scheme, nodes, shards);
  }

  /** One local stage per connected part that somebody reads, so that branches do not wait for one another. */
  local(nodes: readonly Node[]): void {
    for (const part of connectedParts(nodes)) {
      const shard = this.whole(part);
      if (shard.outputs.length > 0) this.#add('local', part, [{ worker: MASTER, shard }]);
    }
  }

  /** The nodes as one shard: all that they read from outside, all that others need of what they write. */
  whole(nodes: readonly Node[]): Shard {
    const inside = new Set(nodes);
    const keep = new Set(
      nodes.flatMap(writesOf).filter((tensor) => {
        const readers = this.#consumers.get(tensor) ?? [];
        return this.#graph.outputs.includes(tensor) || readers.some((reader) => !inside.has(reader));
      }),
    );
    const program = subgraph(this.#graph, nodes, keep, nodes[0]!.name);
    const regions = (tensors: readonly string[]) =>
      tensors.map((tensor) => ({ tensor, region: wholeRegion(this.#graph.types.get(tensor)!.shape) }));
    const outputs = regions(program.outputs).map((output) => ({ ...output, join: 'place' as const }));
    const whole = (tensor: string) => {
      const type = this.#graph.types.get(tensor);
      return type && wholeRegion(type.shape);
    };
    const parts = nodes.flatMap((node) => {
      const output = whole(node.outputs[0] ?? '');
      return output ? [{ node, inputs: node.inputs.map(whole), output }] : [];
    });
    return priced(this.#graph, parts, regions(program.inputs), program, outputs);
  }

  #add(scheme: string, nodes: readonly Node[], shards: readonly PlannedShard[]): void {
    this.#stages.push({ index: this.#stages.length, name: nodes[0]!.name, scheme, nodes, shards });
  }
}

/** Groups nodes that are joined by a tensor, in the order of their first nodes. */
function connectedParts(nodes: readonly Node[]): Node[][] {
  const partOf = new Map<string, Node[]>();
  const parts = new Set<Node[]>();
  for (const node of nodes) {
    const touching = [...new Set(readsOf(node).map((tensor) => partOf.get(tensor)))].filter(
      (part) => part !== undefined,
    );
    const part = touching[0] ?? [];
    for (const other of touching.slice(1)) {
      part.push(...other);
      parts.delete(other);
      for (const moved of other) for (const tensor of writesOf(moved)) partOf.set(tensor, part);
    }
    part.push(node);
    parts.add(part);
    for (const tensor of writesOf(node)) partOf.set(tensor, part);
  }
  return [...parts].map((part) => nodes.filter((node) => part.includes(node)));
}
