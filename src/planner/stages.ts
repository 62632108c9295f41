import { consumersOf, type Graph, type Node, readsOf } from '../graph/graph.ts';
import { connectedParts } from '../partition/connected.ts';
import { type Run, runOf } from '../partition/run.ts';
import type { Shard } from '../partition/shard.ts';
import { wholeShard, wholeTensor } from '../partition/whole.ts';
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

  /** The nodes as a candidate for a stage of their own. */
  runOf(nodes: readonly Node[]): Run {
    return runOf(this.#graph, nodes, this.#consumers);
  }

  /** The one node that reads a run's one output and nothing else alive; undefined where there is none. */
  nextOf({ graph, outputs }: Run): Node | undefined {
    const [tensor, ...others] = outputs;
    const readers = this.#consumers.get(tensor ?? '') ?? [];
    if (others.length > 0 || readers.length !== 1 || graph.outputs.includes(tensor!)) return undefined;
    const live = readsOf(readers[0]!).filter((name) => !graph.initializers.has(name));
    return live.length === 1 ? readers[0] : undefined;
  }

  distributed(scheme: string, nodes: readonly Node[], shards: readonly PlannedShard[]): void {
    this.#add(scheme, nodes, shards);
  }

  /** One local stage per connected part, so that branches do not wait for one another. */
  local(nodes: readonly Node[]): void {
    for (const part of connectedParts(nodes)) {
      this.#add('local', part, [{ worker: MASTER, shard: this.whole(part) }]);
    }
  }

  /** The nodes as one shard: all that they read from outside, all that others need of what they write. */
  whole(nodes: readonly Node[]): Shard {
    const outputs = this.runOf(nodes).outputs;
    return wholeShard(
      this.#graph,
      nodes,
      outputs.map((tensor) => ({ tensor, to: wholeTensor(this.#graph, tensor) })),
    );
  }

  #add(scheme: string, nodes: readonly Node[], shards: readonly PlannedShard[]): void {
    this.#stages.push({ index: this.#stages.length, name: nodes[0]!.name, scheme, nodes, shards });
  }
}
