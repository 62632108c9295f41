import { IsobathError } from '../base/errors.ts';
import type { FleetModel } from '../estimator/fleet-model.ts';
import { stageCost } from '../estimator/stage-cost.ts';
import type { StageCost } from '../estimator/stage-summary.ts';
import { consumersOf, type Graph, type Node } from '../graph/graph.ts';
import { connectedParts } from '../partition/connected.ts';
import { type Run, runOf } from '../partition/run.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import type { Shard } from '../partition/shard.ts';
import { liveReads, onlyDequantizes, type Unit, unitsOf } from '../partition/units.ts';
import { wholeShard, wholeTensor } from '../partition/whole.ts';
import { MASTER, type Plan, type PlannedShard, type Stage } from './plan.ts';
import { replicasCost } from './replicas.ts';
import { capacitiesOf } from './team.ts';

/** Collects stages in topological order, numbers and prices them. */
export class StageList {
  readonly graph: Graph;
  readonly #model: FleetModel;
  readonly #consumers: Map<string, Node[]>;
  readonly #stages: Stage[] = [];
  #waiting: Node[] = [];
  #seconds = 0;

  constructor(graph: Graph, model: FleetModel) {
    this.graph = graph;
    this.#model = model;
    this.#consumers = consumersOf(graph.nodes);
  }

  /** Of the stages so far; what waits to be run at the master is not among them. */
  get seconds(): number {
    return this.#seconds;
  }

  /** The nodes as a candidate for a stage of their own. */
  runOf(nodes: readonly Node[]): Run {
    return runOf(this.graph, nodes, this.#consumers);
  }

  /** The one unit that reads a run's one output and nothing else alive; undefined where there is none. */
  nextOf({ graph, outputs }: Run): Unit | undefined {
    const [tensor, ...others] = outputs;
    const readers = this.#consumers.get(tensor ?? '') ?? [];
    if (others.length > 0 || readers.length !== 1 || graph.outputs.includes(tensor!)) return undefined;
    const unit = unitsOf(graph).of(readers[0]!);
    return liveReads(graph, unit.nodes).length === 1 && !onlyDequantizes(unit) ? unit : undefined;
  }

  distributed(scheme: string, nodes: readonly Node[], shards: readonly PlannedShard[]): void {
    this.#flush();
    this.#add(scheme, nodes, shards);
  }

  /**
   * Nodes for the master; neighbours share a stage. What its engine cannot run is given whole to the fastest agent whose
   * engine can. Throws ISO_ERR_PLAN_OPERATOR where there is none.
   */
  local(nodes: readonly Node[]): void {
    for (const unit of unitsOf(this.graph).among(nodes)) {
      if (this.#model.canRun(this.#model.master, unit.nodes)) this.#waiting.push(...unit.nodes);
      else this.distributed('replica', unit.nodes, this.#elsewhere(unit));
    }
  }

  #elsewhere({ nodes, core: node }: Unit): PlannedShard[] {
    const run = this.runOf(nodes);
    const replica = schemeNamed('replica');
    const able = replica.unfit(run)
      ? []
      : this.#model.agents.filter((agent) => this.#model.canRun(agent, nodes));
    const speeds = capacitiesOf(able);
    const fastest = able[speeds.indexOf(Math.max(...speeds))];
    if (!fastest) {
      throw IsobathError.of('ISO_ERR_PLAN_OPERATOR', {
        op: node.op,
        node: node.name,
        agents: this.#model.agents.length,
      });
    }
    return replica.cut(run, [1]).map(({ shard }) => ({ worker: fastest.id, shard }));
  }

  plan(strategy: string): Plan {
    this.#flush();
    return planOf(strategy, this.#model, this.#stages);
  }

  /** One local stage per connected part that somebody reads, so that branches do not wait for one another. */
  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const part of connectedParts(waiting)) {
      const shard = localShard(this.runOf(part));
      if (shard.outputs.length > 0) this.#add('local', part, [{ worker: MASTER, shard }]);
    }
  }

  #add(scheme: string, nodes: readonly Node[], shards: readonly PlannedShard[]): void {
    const cost = costOf(this.#model, shards);
    this.#seconds += cost.seconds;
    this.#stages.push({ index: this.#stages.length, name: nodes[0]!.name, scheme, nodes, shards, cost });
  }
}

/** The stages one after another, and what they take of each resource. */
export function planOf(strategy: string, { resources, wire }: FleetModel, stages: readonly Stage[]): Plan {
  const busy = new Float64Array(resources);
  let predictedSeconds = 0;
  for (const { cost } of stages) {
    predictedSeconds += cost.seconds;
    cost.busy.forEach((seconds, resource) => {
      busy[resource]! += seconds;
    });
  }
  return { strategy, wire, stages, predictedSeconds, throughputSeconds: Math.max(0, ...busy) };
}

/** What the shards of one stage cost. */
export function costOf(model: FleetModel, shards: readonly PlannedShard[]): StageCost {
  const [{ shard, replicas }] = shards as readonly [PlannedShard];
  if (replicas) return replicasCost(model, shard, replicas);
  return stageCost(
    model,
    shards.map(({ worker, shard }) => ({ worker: worker === MASTER ? model.master.id : worker, shard })),
  );
}

/** The nodes as one shard: all that they read from outside, all that others need of what they write. */
export function localShard({ graph, nodes, outputs }: Run): Shard {
  return wholeShard(
    graph,
    nodes,
    outputs.map((tensor) => ({ tensor, to: wholeTensor(graph, tensor) })),
  );
}
