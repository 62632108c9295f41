import { IsobathError } from '../base/errors.ts';
import { type CanRun, FleetModel, type WorkerModel } from '../estimator/fleet-model.ts';
import type { TriggerOptions } from '../estimator/paper.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import type { Graph } from '../graph/graph.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import type { Precision } from '../tensor/precision.ts';
import { EXCHANGE } from './exchanged.ts';
import { planDepth, planLocal, planPaper, type RuleTeam } from './fixed.ts';
import { limitedOf, overfull, refuseHopeless, refuseOverfull } from './memory.ts';
import type { Objective } from './objective.ts';
import type { Plan } from './plan.ts';
import { PlanSearch, SEARCHED } from './searched.ts';
import type { StageList } from './stages.ts';
import { finished, finishedInSlices, type SliceOptions, type Steps } from './steps.ts';
import { halvings, rankedAgents } from './team.ts';

export interface PlanOptions {
  /** One of STRATEGY_NAMES. */
  readonly strategy: string;
  /** The scheme of `depth`. Default: output-depth. */
  readonly scheme?: string;
  /** What `auto` and the other searches make best. Default: latency. */
  readonly objective?: Objective;
  /** The thresholds of `paper`. */
  readonly trigger?: TriggerOptions;
  /** How feature maps travel. Default: float32, without loss. */
  readonly wire?: Precision;
  /** What the engines of the workers can run. Default: everything. */
  readonly canRun?: CanRun;
}

type Rule = (graph: Graph, model: FleetModel, options: PlanOptions, team?: RuleTeam) => Steps<StageList>;

const FIXED: Readonly<Record<string, Rule>> = {
  local: (graph, model) => planLocal(graph, model),
  depth: (graph, model, { scheme = 'output-depth' }, team) =>
    planDepth(graph, model, schemeNamed(scheme), team),
  paper: (graph, model, { trigger }, team) => planPaper(graph, model, trigger, team),
};

/** The rules that are no subset of the search: they cut alike, or over all agents, what the search cuts by capacity. */
const RULES = [FIXED['depth']!, FIXED['paper']!];

/** Which schemes the planner may use. */
export const STRATEGY_NAMES = [
  'auto',
  ...Object.keys(FIXED),
  ...Object.keys(SEARCHED).filter((name) => name !== 'auto'),
];

/** True for a strategy that weighs times; a rule gives the same plan whatever the devices can do. */
export function isSearched(strategy: string): boolean {
  return Object.hasOwn(SEARCHED, strategy);
}

/**
 * Plans the graph on the fleet. Throws ISO_ERR_STRATEGY_UNKNOWN, ISO_ERR_SCHEME_UNKNOWN, ISO_ERR_SCHEME_WIRE,
 * ISO_ERR_PLAN_MEMORY, ISO_ERR_PLAN_OPERATOR.
 */
export function planGraph(graph: Graph, fleet: FleetProfile, options: PlanOptions): Plan {
  return finished(planSteps(graph, fleet, options));
}

/** As `planGraph`, while the event loop goes on. Throws the reason of the signal, too. */
export function planInSlices(
  graph: Graph,
  fleet: FleetProfile,
  options: PlanOptions,
  slices?: SliceOptions,
): Promise<Plan> {
  return finishedInSlices(planSteps(graph, fleet, options), slices);
}

function* planSteps(graph: Graph, fleet: FleetProfile, options: PlanOptions): Steps<Plan> {
  const { strategy, objective = 'latency' } = options;
  if (options.scheme !== undefined) schemeNamed(options.scheme);
  const { scheme, wire = 'float32' } = options;
  if (scheme === EXCHANGE && wire !== 'float32')
    throw IsobathError.of('ISO_ERR_SCHEME_WIRE', { scheme, wire });
  const model = new FleetModel(fleet, options);
  if (!Object.hasOwn(FIXED, strategy) && !isSearched(strategy)) {
    throw IsobathError.of('ISO_ERR_STRATEGY_UNKNOWN', { strategy, known: STRATEGY_NAMES.join(', ') });
  }
  refuseHopeless(graph, model);
  if (Object.hasOwn(FIXED, strategy)) {
    const plan = (yield* FIXED[strategy]!(graph, model, options)).plan(strategy);
    refuseOverfull(graph, model, filtersOf(plan));
    return plan;
  }
  return yield* objective === 'latency' ? fastest(graph, model, options) : leastBusy(graph, model, options);
}

/** The fastest plan. `auto` looks at those of the rules as well, over all agents, over the best half of them and so on. */
function* fastest(graph: Graph, model: FleetModel, options: PlanOptions): Steps<Plan> {
  const { strategy } = options;
  const search = new PlanSearch(graph, model, SEARCHED[strategy]!);
  const best = new Best('predictedSeconds', model);
  yield* best.offer(strategy, search.forLatency(), true);
  if (search.mayExchangeAnywhere) yield* best.offer(strategy, search.forLatencyExchanging());
  if (strategy !== 'auto') return best.plan;
  const ranked = rankedAgents(model);
  for (const agents of halvings(model.agents.length)) {
    // a rule that is slower already is not followed to its end
    const team = {
      agents: model.agents.filter((agent) => ranked.indexOf(agent) < agents),
      enough: ({ seconds }: StageList) => seconds >= best.worth,
    };
    for (const plan of RULES) {
      const list = yield* plan(graph, model, options, team);
      if (!team.enough(list)) best.take(list.plan(strategy));
    }
  }
  return best.plan;
}

/** The plan whose busiest resource is busy least, of the strategy's own; for `auto`, of all that there are. */
function* leastBusy(graph: Graph, model: FleetModel, options: PlanOptions): Steps<Plan> {
  const { strategy } = options;
  const best = new Best('throughputSeconds', model);
  const names = strategy === 'auto' ? Object.keys(SEARCHED) : [strategy];
  for (const name of names) {
    const search = new PlanSearch(graph, model, SEARCHED[name]!);
    yield* best.offer(strategy, search.forThroughput(), name === strategy);
    // a plan for latency is cut over more teams, and may so keep the busiest less busy, too
    yield* best.offer(strategy, search.forLatency());
  }
  if (strategy === 'auto')
    for (const plan of Object.values(FIXED)) yield* best.offer(strategy, plan(graph, model, options));
  return best.plan;
}

/** The first of the best plans that fit. */
class Best {
  readonly #by: 'predictedSeconds' | 'throughputSeconds';
  readonly #limited: readonly WorkerModel[];
  #plan: Plan | undefined;
  #refusal: unknown;

  constructor(by: 'predictedSeconds' | 'throughputSeconds', model: FleetModel) {
    this.#by = by;
    this.#limited = limitedOf(model);
  }

  get worth(): number {
    return this.#plan?.[this.#by] ?? Number.POSITIVE_INFINITY;
  }

  /** Throws ISO_ERR_PLAN_MEMORY where none fits. */
  get plan(): Plan {
    if (!this.#plan) throw this.#refusal;
    return this.#plan;
  }

  take(plan: Plan): void {
    if (plan[this.#by] < this.worth && overfull(filtersOf(plan), this.#limited).size === 0) this.#plan = plan;
  }

  /** `decides`: its refusal is what is thrown where nothing fits. */
  *offer(strategy: string, list: Steps<StageList>, decides = false): Steps<void> {
    try {
      this.take((yield* list).plan(strategy));
    } catch (error) {
      if (!(error instanceof IsobathError && error.code === 'ISO_ERR_PLAN_MEMORY')) throw error;
      if (decides) this.#refusal = error;
    }
  }
}

function filtersOf({ stages }: Plan): { worker: string; bytes: number }[] {
  return stages.flatMap(({ cost }) =>
    cost.perWorker.map(({ worker, filterBytes }) => ({ worker, bytes: filterBytes })),
  );
}
