import { IsobathError } from '../base/errors.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import type { Plan, Worker } from './plan.ts';
import { StageList } from './stages.ts';

export interface PlanOptions {
  /** `depth` or `local`. */
  readonly strategy: string;
  /** The scheme of `depth`. Default: output-depth. */
  readonly scheme?: string;
}

type Strategy = (graph: Graph, workers: readonly Worker[], options: PlanOptions) => StageList;

/** Which schemes the planner may use. */
const STRATEGIES: Readonly<Record<string, Strategy>> = { local, depth };

export const STRATEGY_NAMES = Object.keys(STRATEGIES);

/** Plans the graph on the workers; without workers everything is local. Throws ISO_ERR_STRATEGY_UNKNOWN, ISO_ERR_SCHEME_UNKNOWN. */
export function planGraph(graph: Graph, workers: readonly Worker[], options: PlanOptions): Plan {
  const { strategy } = options;
  const known = STRATEGY_NAMES.join(', ');
  if (!Object.hasOwn(STRATEGIES, strategy))
    throw IsobathError.of('ISO_ERR_STRATEGY_UNKNOWN', { strategy, known });
  if (options.scheme !== undefined) schemeNamed(options.scheme);
  const chosen = workers.length === 0 ? local : STRATEGIES[strategy]!;
  return { strategy, stages: chosen(graph, workers, options).stages };
}

/** The whole model at the master. */
function local(graph: Graph): StageList {
  const list = new StageList(graph);
  list.local(graph.nodes);
  return list;
}

/** Every layer that the scheme fits is cut over all workers; what lies between stays at the master. */
function depth(graph: Graph, workers: readonly Worker[], options: PlanOptions): StageList {
  const scheme = schemeNamed(options.scheme ?? 'output-depth');
  const weights = workers.map(({ weight }) => weight);
  const list = new StageList(graph);
  const taken = new Set<Node>();
  let between: Node[] = [];
  const flush = () => {
    if (between.length > 0) list.local(between);
    between = [];
  };
  for (const node of graph.nodes) {
    if (taken.has(node)) continue;
    if (scheme.unfit(graph, node)) {
      between.push(node);
      continue;
    }
    flush();
    const nodes = scheme.stageOf(graph, node);
    for (const member of nodes) taken.add(member);
    const shards = scheme.cut(graph, nodes, weights);
    const planned = shards.map(({ worker, shard }) => ({ worker: workers[worker]!.id, shard }));
    list.distributed(scheme.name, nodes, planned);
  }
  flush();
  return list;
}
