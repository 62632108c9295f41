import { IsobathError } from '../base/errors.ts';
import { FleetModel } from '../estimator/fleet-model.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import type { Graph } from '../graph/graph.ts';
import type { Objective } from '../planner/objective.ts';
import { isDistributed, type Plan, workersOf } from '../planner/plan.ts';
import { planGraph } from '../planner/strategies.ts';
import type { Precision } from '../tensor/precision.ts';
import { type DepthPoint, depthPoints } from './depth-points.ts';
import { type SweptLayer, sweptLayers } from './layers.ts';
import type { SimulationOptions } from './options.ts';
import type { SimulatedTerms, SimulationResult } from './result.ts';
import { simulate } from './simulate.ts';

/** What a sweep varies, and the fleet of each combination of link and agents. */
export interface SweepCases {
  readonly strategies: readonly string[];
  readonly links: readonly string[];
  /** In rising order. */
  readonly agents: readonly number[];
  readonly objective: Objective;
  /** Default: float32. */
  readonly wire?: Precision;
  fleetOf(agents: number, link: string): FleetProfile;
}

export interface SweptModel {
  readonly model: string;
  readonly macs: number;
  readonly filterBytes: number;
  /** Of one inference at the master alone, under the same requests: the median of what was asked for. */
  readonly localMs: number;
  readonly layers: readonly SweptLayer[];
  readonly runs: readonly SweptRun[];
  /** Each layer by itself, cut along its depth. */
  readonly depth: { readonly agents: number; readonly points: readonly DepthPoint[] };
}

export interface SweptStage {
  readonly name: string;
  readonly scheme: string;
  /** How many workers have a shard of it. */
  readonly workers: number;
  /** Of the shard that ended last, from when it could begin. */
  readonly simulatedMs: number;
}

export interface SweptRun {
  readonly strategy: string;
  readonly link: string;
  readonly agents: number;
  /** Where there is no plan: why. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly outcome?: SweptOutcome;
}

export interface SweptOutcome {
  /** The estimator's, stage after stage. */
  readonly predictedMs: number;
  /** The median of the simulated inferences. */
  readonly simulatedMs: number;
  /** `localMs` over `simulatedMs`. */
  readonly speedup: number;
  readonly latencyMs: {
    readonly mean: number;
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Inferences per second, simulated; and what the busiest resource would allow without a gap. */
  readonly throughput: number;
  readonly throughputBound: number;
  readonly busiest: SimulationResult['busiest'];
  /** Of one inference, over the links. */
  readonly bytes: number;
  readonly messages: number;
  /** The most that one agent holds. */
  readonly maxFilterBytes: number;
  /** Inferences in which the master had to run a shard of an agent. */
  readonly degraded: number;
  readonly distributedStages: number;
  /** Sums over the stages, in ms; `local` is the computing of stages that are not distributed. */
  readonly termsMs: Readonly<Record<'local' | keyof SimulatedTerms, number>>;
  readonly stages: readonly SweptStage[];
  /** For each of the model's layers, the index of its stage. */
  readonly stageOfLayer: readonly number[];
}

/** Seconds between two looks at what else the program was asked, as to end. */
export type Breathe = (done: number, total: number, what: string) => Promise<void>;

/** Plans and simulates every combination. What does not depend on one of the variables is done once. */
export async function sweepModel(
  spec: string,
  graph: Graph,
  cases: SweepCases,
  simulation: SimulationOptions,
  breathe: Breathe,
): Promise<SweptModel> {
  const { strategies, links, agents, objective, wire = 'float32', fleetOf } = cases;
  const layers = sweptLayers(graph);
  const first = fleetOf(agents[0]!, links[0]!);
  const local = planGraph(graph, first, { strategy: 'local' });
  const localMs = 1000 * simulate(local, new FleetModel(first), simulation).latency.p50;
  const points = links.flatMap((link) =>
    strategies.flatMap((strategy) => agents.map((n) => ({ link, strategy, n }))),
  );
  const runs: SweptRun[] = [];
  for (const { link, strategy, n } of points) {
    await breathe(runs.length, points.length, `${spec}: ${strategy} on ${n} agents, ${link}`);
    const fleet = fleetOf(n, link);
    const of = { strategy, link, agents: n };
    try {
      const plan = strategy === 'local' ? local : planGraph(graph, fleet, { strategy, objective, wire });
      const model = strategy === 'local' ? new FleetModel(first) : new FleetModel(fleet, plan);
      const result = simulate(plan, model, simulation);
      runs.push({ ...of, outcome: outcomeOf(plan, model, result, localMs, layers) });
    } catch (error) {
      if (!(error instanceof IsobathError) || error.code !== 'ISO_ERR_PLAN_MEMORY') throw error;
      runs.push({ ...of, error: { code: error.code, message: error.message } });
    }
  }
  const few = agents.findLast((n) => n <= DEPTH_AGENTS) ?? agents[0]!;
  return {
    model: spec,
    macs: layers.reduce((sum, { macs }) => sum + macs, 0),
    filterBytes: [...graph.initializers.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    localMs,
    layers: layers.map(({ node: _, ...layer }) => layer),
    runs,
    depth: {
      agents: few,
      points: links.flatMap((link) => depthPoints(graph, fleetOf(few, link), link, wire)),
    },
  };
}

/** Over how many agents single layers are cut to show what depth does. */
const DEPTH_AGENTS = 4;

function outcomeOf(
  plan: Plan,
  model: FleetModel,
  result: SimulationResult,
  localMs: number,
  layers: ReturnType<typeof sweptLayers>,
): SweptOutcome {
  const latencyMs = Object.fromEntries(
    Object.entries(result.latency).map(([name, seconds]) => [name, 1000 * seconds]),
  ) as unknown as SweptOutcome['latencyMs'];
  const stageOf = new Map(plan.stages.flatMap(({ nodes, index }) => nodes.map((node) => [node, index])));
  const sum = (of: (stage: Plan['stages'][number]) => number) =>
    plan.stages.reduce((total, stage) => total + of(stage), 0);
  return {
    predictedMs: 1000 * plan.predictedSeconds,
    simulatedMs: latencyMs.p50,
    speedup: localMs / latencyMs.p50,
    latencyMs,
    throughput: result.throughput,
    throughputBound: 1 / plan.throughputSeconds,
    busiest: result.busiest,
    bytes: sum(({ cost }) => cost.bytes),
    messages: sum(({ cost }) => cost.messages),
    maxFilterBytes: mostHeld(plan, model),
    degraded: result.inferences.filter(({ takenOver }) => takenOver > 0).length,
    distributedStages: plan.stages.filter(isDistributed).length,
    termsMs: termsOf(plan, result),
    stages: plan.stages.map(({ name, scheme, shards }, at) => ({
      name,
      scheme,
      workers: new Set(shards.flatMap(workersOf)).size,
      simulatedMs: 1000 * Object.values(result.stages[at]!.terms).reduce((a, b) => a + b, 0),
    })),
    stageOfLayer: layers.map(({ node }) => stageOf.get(node)!),
  };
}

function mostHeld({ stages }: Plan, model: FleetModel): number {
  const held = new Map<string, number>();
  for (const { cost } of stages) {
    for (const { worker, filterBytes } of cost.perWorker) {
      if (worker !== model.master.id) held.set(worker, (held.get(worker) ?? 0) + filterBytes);
    }
  }
  return Math.max(0, ...held.values());
}

function termsOf(plan: Plan, { stages }: SimulationResult): SweptOutcome['termsMs'] {
  const sums = { local: 0, partition: 0, transmit: 0, edge: 0, receive: 0, join: 0, retry: 0 };
  for (const [at, { terms }] of stages.entries()) {
    const distributed = isDistributed(plan.stages[at]!);
    for (const [term, seconds] of Object.entries(terms) as [keyof SimulatedTerms, number][]) {
      sums[!distributed && term === 'edge' ? 'local' : term] += 1000 * seconds;
    }
  }
  return sums;
}
