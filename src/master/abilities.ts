import { nodesRefusedBy } from '../engine/engines.ts';
import type { CanRun } from '../estimator/fleet-model.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { MASTER } from '../planner/plan.ts';
import type { Member } from './fleet.ts';

/** Which nodes of a model the engines of a fleet can run. */
export class Abilities {
  readonly #graph: Graph;
  readonly #own: string;
  readonly #refused = new Map<string, ReadonlyMap<Node, string>>();

  /** `own` is the name of the master's engine. */
  constructor(graph: Graph, own: string) {
    this.#graph = graph;
    this.#own = own;
  }

  /** By the engines that the agents' profiles name. */
  of(members: readonly Member[]): CanRun {
    const engines = new Map(members.map(({ id, profile }) => [id, profile.engine.name]));
    engines.set(MASTER, this.#own);
    return (worker, node) => !this.#refusedBy(engines.get(worker) ?? this.#own).has(node);
  }

  #refusedBy(engine: string): ReadonlyMap<Node, string> {
    let refused = this.#refused.get(engine);
    if (!refused) {
      refused = nodesRefusedBy(engine, this.#graph);
      this.#refused.set(engine, refused);
    }
    return refused;
  }
}
