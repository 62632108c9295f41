import { IsobathError } from '../base/errors.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { layerDepth } from '../partition/depth.ts';
import type { Run } from '../partition/run.ts';
import type { Scheme } from '../partition/scheme.ts';
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
    const run = longestRun(list, scheme, graph, node);
    if (!run) {
      between.push(node);
      continue;
    }
    flush();
    for (const member of run.nodes) taken.add(member);
    const shards = scheme.cut(run, weights);
    const planned = shards.map(({ worker, shard }) => ({ worker: workers[worker]!.id, shard }));
    list.distributed(scheme.name, run.nodes, planned);
  }
  flush();
  return list;
}

/** The longest chain of nodes, each reading the one before, that begins with the layer `head` and that the scheme fits. */
function longestRun(list: StageList, scheme: Scheme, graph: Graph, head: Node): Run | undefined {
  if (!layerDepth(graph, head)) return undefined;
  let best: Run | undefined;
  let run: Run | undefined = list.runOf([head]);
  while (run) {
    if (!scheme.unfit(run)) best = run;
    else if (best) break;
    const next = list.nextOf(run);
    run = next && list.runOf([...run.nodes, next]);
  }
  return best;
}
