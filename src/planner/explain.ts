import type { FleetModel } from '../estimator/fleet-model.ts';
import type { TriggerDecision } from '../estimator/paper.ts';
import type { StageCost } from '../estimator/stage-summary.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { macsOf } from '../graph/macs.ts';
import { layerDepth } from '../partition/depth.ts';
import { type Alternative, Alternatives } from './alternatives.ts';
import { paperTrigger } from './fixed.ts';
import { isDistributed, MASTER, type Plan, type Stage, workersOf } from './plan.ts';
import { reasonOf } from './reason.ts';

/** One layer (a node with filters to cut) of a stage. */
export interface ExplainedLayer {
  readonly node: Node;
  readonly macs: number;
  /** At the master, without the cost of a run. */
  readonly localSeconds: number;
  /** What the paper's estimator says; undefined for layers that it does not describe. */
  readonly paper: TriggerDecision | undefined;
  /** What it would take to distribute the layer, with what follows it, alone: told for local stages. */
  readonly alternative: Alternative | undefined;
}

export interface ExplainedStage {
  readonly stage: Stage;
  readonly layers: readonly ExplainedLayer[];
  /** The same nodes in one run at the master. */
  readonly localSeconds: number;
  /** Ids of the agents, in the order of their shards; the master's own device is not among them. */
  readonly agents: readonly string[];
  readonly masterComputes: boolean;
  readonly speedup: number;
  readonly reason: string;
}

export interface ExplainedPlan {
  readonly plan: Plan;
  readonly stages: readonly ExplainedStage[];
  /** The whole model at the master. */
  readonly localSeconds: number;
  readonly speedup: number;
  /** Through the links of all agents. */
  readonly bytes: number;
  readonly messages: number;
  /** Of the worker that holds most. */
  readonly maxFilterBytes: number;
}

/** Says of plans of one graph on one fleet what each stage costs, what else there was, and why it is as it is. */
export class Explainer {
  readonly #graph: Graph;
  readonly #model: FleetModel;
  readonly #alternatives: Alternatives;
  readonly localSeconds: number;

  constructor(graph: Graph, model: FleetModel) {
    this.#graph = graph;
    this.#model = model;
    this.#alternatives = new Alternatives(graph, model);
    this.localSeconds = this.#localSeconds(graph.nodes);
  }

  explain(plan: Plan): ExplainedPlan {
    const held = new Map<string, number>();
    for (const { cost } of plan.stages)
      for (const { worker, filterBytes } of cost.perWorker)
        held.set(worker, (held.get(worker) ?? 0) + filterBytes);
    const total = (of: (cost: StageCost) => number) =>
      plan.stages.reduce((sum, { cost }) => sum + of(cost), 0);
    return {
      plan,
      stages: plan.stages.map((stage) => this.#stage(stage)),
      localSeconds: this.localSeconds,
      speedup: this.localSeconds / plan.predictedSeconds,
      bytes: total(({ bytes }) => bytes),
      messages: total(({ messages }) => messages),
      maxFilterBytes: Math.max(0, ...held.values()),
    };
  }

  #stage(stage: Stage): ExplainedStage {
    const { cost, nodes, shards } = stage;
    const alternatives = isDistributed(stage) ? [] : this.#alternatives.within(nodes);
    const localSeconds = this.#localSeconds(nodes);
    const workers = shards.flatMap(workersOf);
    const facts = {
      stage,
      layers: nodes
        .filter((node) => layerDepth(this.#graph, node))
        .map((node) => this.#layer(node, alternatives)),
      localSeconds,
      agents: [...new Set(workers.filter((worker) => worker !== MASTER))],
      masterComputes: workers.includes(MASTER),
      speedup: localSeconds / cost.seconds,
    };
    return { ...facts, reason: reasonOf(facts, alternatives, this.#model) };
  }

  #layer(node: Node, alternatives: readonly Alternative[]): ExplainedLayer {
    const { secondsPerRun } = this.#model.master.compute.profile;
    return {
      node,
      macs: macsOf(this.#graph, node),
      localSeconds: this.#localSeconds([node]) - secondsPerRun,
      paper: paperTrigger(this.#model, node, this.#graph),
      alternative: alternatives.find(({ nodes }) => nodes.includes(node)),
    };
  }

  #localSeconds(nodes: readonly Node[]): number {
    return this.#alternatives.localSeconds(this.#alternatives.runOf(nodes));
  }
}
