import { IsobathError } from '../base/errors.ts';
import { FleetModel } from '../estimator/fleet-model.ts';
import type { TriggerOptions } from '../estimator/paper.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import type { Graph } from '../graph/graph.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import { planDepth, planLocal, planPaper } from './fixed.ts';
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

/** Plans the graph on the fleet. Throws ISO_ERR_STRATEGY_UNKNOWN, ISO_ERR_SCHEME_UNKNOWN, ISO_ERR_PLAN_MEMORY. */
export function planGraph(graph: Graph, fleet: FleetProfile, options: PlanOptions): Plan {
  const { strategy, objective = 'latency' } = options;
  if (options.scheme !== undefined) schemeNamed(options.scheme);
  const model = new FleetModel(fleet);
  if (Object.hasOwn(FIXED, strategy)) return FIXED[strategy]!(graph, model, options);
  if (!isSearched(strategy)) {
    throw IsobathError.of('ISO_ERR_STRATEGY_UNKNOWN', { strategy, known: STRATEGY_NAMES.join(', ') });
  }
  const searched = planSearched(graph, model, SEARCHED[strategy]!, objective).plan(strategy);
  return strategy === 'auto' ? bestOf(searched, graph, model, options) : searched;
}

/** The rules are no subset of the search (they cut alike what the search cuts by capacity), so `auto` looks at them too. */
function bestOf(searched: Plan, graph: Graph, model: FleetModel, options: PlanOptions): Plan {
  const worth = ({ predictedSeconds, throughputSeconds }: Plan) =>
    options.objective === 'throughput' ? throughputSeconds : predictedSeconds;
  return ['depth', 'paper'].reduce((best, rule) => {
    const plan = FIXED[rule]!(graph, model, options);
    return fits(plan, model) && worth(plan) < worth(best) ? { ...plan, strategy: 'auto' } : best;
  }, searched);
}

function fits({ stages }: Plan, model: FleetModel): boolean {
  const held = new Map<string, number>();
  for (const { cost } of stages) {
    for (const { worker, filterBytes } of cost.perWorker)
      held.set(worker, (held.get(worker) ?? 0) + filterBytes);
  }
  return [...held].every(([id, bytes]) => bytes <= model.worker(id).filterBytesLimit);
}
