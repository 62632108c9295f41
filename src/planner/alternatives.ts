import type { FleetModel } from '../estimator/fleet-model.ts';
import { consumersOf, type Graph, type Node } from '../graph/graph.ts';
import { type Run, runOf } from '../partition/run.ts';
import { SCHEMES } from '../partition/schemes/index.ts';
import { boundariesOf } from './boundaries.ts';
import type { Cut } from './option.ts';
import { balancedCut } from './pricing.ts';
import { Signatures } from './signature.ts';
import { localShard } from './stages.ts';
import { ableTeam, representatives, type Team, teamsOf } from './team.ts';

/** What one stretch takes at the master, and what the best way to cut it alone would take. */
export interface Alternative {
  readonly nodes: readonly Node[];
  readonly localSeconds: number;
  /** Undefined where no scheme fits. */
  readonly cut: Cut | undefined;
}

/** Prices what was not chosen: each stretch by itself, by every scheme, over a few teams. */
export class Alternatives {
  readonly #graph: Graph;
  readonly #model: FleetModel;
  readonly #consumers: Map<string, Node[]>;
  readonly #teams: readonly Team[];
  readonly #signatures: Signatures;
  readonly #stretches: readonly (readonly Node[])[];
  readonly #known = new Map<string, Cut | undefined>();

  constructor(graph: Graph, model: FleetModel) {
    this.#graph = graph;
    this.#model = model;
    this.#consumers = consumersOf(graph.nodes);
    this.#teams = representatives(teamsOf(model, true));
    this.#signatures = new Signatures(graph);
    const boundaries = boundariesOf(graph);
    this.#stretches = boundaries.slice(1).map((end, at) => graph.nodes.slice(boundaries[at], end));
  }

  runOf(nodes: readonly Node[]): Run {
    return runOf(this.#graph, nodes, this.#consumers);
  }

  /** The nodes in one run at the master. */
  localSeconds(run: Run): number {
    return this.#model.master.compute.seconds(localShard(run).work);
  }

  /** Of the stretches that lie in the stage; of the stage as a whole where none does. */
  within(nodes: readonly Node[]): Alternative[] {
    const inside = new Set(nodes);
    const stretches = this.#stretches.filter((stretch) => stretch.every((node) => inside.has(node)));
    return (stretches.length > 0 ? stretches : [nodes]).map((stretch) => {
      const run = this.runOf(stretch);
      return { nodes: stretch, localSeconds: this.localSeconds(run), cut: this.#bestCut(run) };
    });
  }

  #bestCut(run: Run): Cut | undefined {
    const key = this.#signatures.of(run);
    if (!this.#known.has(key)) this.#known.set(key, this.#price(run));
    return this.#known.get(key);
  }

  #price(run: Run): Cut | undefined {
    if (run.outputs.length === 0 || run.outputs.some((tensor) => !run.graph.types.has(tensor)))
      return undefined;
    let best: Cut | undefined;
    for (const scheme of Object.values(SCHEMES)) {
      if (scheme.unfit(run)) continue;
      for (const team of this.#teams) {
        const able = ableTeam(this.#model, team, run.nodes);
        const cut = able && balancedCut(this.#model, run, scheme, able);
        if (cut && (!best || cut.cost.seconds < best.cost.seconds)) best = cut;
      }
    }
    return best;
  }
}
