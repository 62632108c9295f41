import { IsobathError } from '../base/errors.ts';
import { type CanRun, FleetModel } from '../estimator/fleet-model.ts';
import type { TriggerOptions } from '../estimator/paper.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import type { Graph } from '../graph/graph.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import { planDepth, planLocal, planPaper } from './fixed.ts';
import { limitedOf, overfull, refuseHopeless, refuseOverfull } from './memory.ts';
import type { Plan } from './plan.ts';
import { type Objective, planSearched, SEARCHED } from './searched.ts';

export interface PlanOptions {
  /** One of STRATEGY_NAMES. */
  readonly strategy: string;
  /** The scheme of `depth`. Default: output-depth. */
  readonly scheme?: string;
  /** What `auto` and the other searches make best. Default: latency. */
  readonly objective?: Objective;
  /** The thresholds of `paper`. */
  readonly trigger?: TriggerOptions;
  /** What the engines of the workers can run. Default: everything. */
  readonly canRun?: CanRun;
}

type Strategy = (graph: Graph, model: FleetModel, options: PlanOptions) => Plan;

const FIXED: Readonly<Record<string, Strategy>> = {
  local: (graph, model) => planLocal(graph, model).plan('local'),
  depth: (graph, model, { scheme = 'output-depth' }) =>
    planDepth(graph, model, schemeNamed(scheme)).plan('depth'),
  paper: (graph, model, { trigger }) => planPaper(graph, model, trigger).plan('paper'),
};

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

/** Plans the graph on the fleet. Throws ISO_ERR_STRATEGY_UNKNOWN, ISO_ERR_SCHEME_UNKNOWN, ISO_ERR_PLAN_MEMORY, ISO_ERR_PLAN_OPERATOR. */
export function planGraph(graph: Graph, fleet: FleetProfile, options: PlanOptions): Plan {
  const { strategy, objective = 'latency' } = options;
  if (options.scheme !== undefined) schemeNamed(options.scheme);
  const model = new FleetModel(fleet, options.canRun);
  if (!Object.hasOwn(FIXED, strategy) && !isSearched(strategy)) {
    throw IsobathError.of('ISO_ERR_STRATEGY_UNKNOWN', { strategy, known: STRATEGY_NAMES.join(', ') });
  }
  refuseHopeless(graph, model);
  if (Object.hasOwn(FIXED, strategy)) {
    const plan = FIXED[strategy]!(graph, model, options);
    refuseOverfull(graph, model, filtersOf(plan));
    return plan;
  }
  const others = strategy === 'auto' ? plansByRule(graph, model, options) : [];
  const search = (by: Objective) => planSearched(graph, model, SEARCHED[strategy]!, by).plan(strategy);
  if (objective === 'latency') return bestOf('predictedSeconds', [search('latency'), ...others]);
  // a plan for latency is cut over more teams, and may so keep the busiest less busy, too
  return bestOf('throughputSeconds', [search('throughput'), search('latency'), ...others]);
}

/**
 * Plans of rules that are no subset of the search: they cut alike, or over all agents, what the search cuts by capacity.
 * `auto` must not be worse than they are.
 */
function plansByRule(graph: Graph, model: FleetModel, options: PlanOptions): Plan[] {
  const plans = ['depth', 'paper'].map((rule) => FIXED[rule]!(graph, model, options));
  return plans.filter((plan) => overfull(filtersOf(plan), limitedOf(model)).size === 0);
}

/** The first of the best. */
function bestOf(worth: 'predictedSeconds' | 'throughputSeconds', [first, ...others]: readonly Plan[]): Plan {
  const best = others.reduce((least, plan) => (plan[worth] < least[worth] ? plan : least), first!);
  return { ...best, strategy: first!.strategy };
}

function filtersOf({ stages }: Plan): { worker: string; bytes: number }[] {
  return stages.flatMap(({ cost }) =>
    cost.perWorker.map(({ worker, filterBytes }) => ({ worker, bytes: filterBytes })),
  );
}
