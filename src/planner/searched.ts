import type { FleetModel } from '../estimator/fleet-model.ts';
import type { Graph } from '../graph/graph.ts';
import type { Run } from '../partition/run.ts';
import type { Scheme } from '../partition/scheme.ts';
import { SCHEMES, schemeNamed } from '../partition/schemes/index.ts';
import { cheapestFittingPath } from './limits.ts';
import { tightWorkers } from './memory.ts';
import type { Cut } from './option.ts';
import { balancedCut, optionsOf } from './options.ts';
import { MASTER, type PlannedShard } from './plan.ts';
import { StageList } from './stages.ts';
import { ableTeam, representatives, type Team, teamsOf } from './team.ts';
import { leastBusyPath } from './throughput.ts';

/** What a strategy that searches may use. */
export interface Searched {
  readonly schemes: readonly string[];
  /** Boundaries that one stage may reach across: 1 is layer by layer. */
  readonly maxStretches: number;
  /** False: the master's own device takes no share of a stage. */
  readonly masterComputes: boolean;
  readonly admits?: (run: Run, scheme: Scheme) => boolean;
}

/** As far as fused runs pay: beyond, the halo is larger than what is saved. */
const FUSED = 14;

/** The strip that cuts the longer edge: its borders, and so the halo, run along the shorter one. */
function cutsLongerEdge({ graph, outputs }: Run, scheme: Scheme): boolean {
  const [, , height = 1, width = 1] = graph.types.get(outputs[0]!)!.shape;
  return scheme.name === (height >= width ? 'rows' : 'columns');
}

/** Of the two strips, the one that the other cannot beat: same bytes, same work, and rows are contiguous. */
function stripsCutLongerEdge(run: Run, scheme: Scheme): boolean {
  return !['rows', 'columns'].includes(scheme.name) || cutsLongerEdge(run, scheme);
}

const isWholeModel = ({ graph, nodes }: Run) => nodes.length === graph.nodes.length;
const beginsTheModel = ({ graph, nodes }: Run) => nodes[0] === graph.nodes[0];

/** Each names the publication that it follows in docs/planning.md. */
export const SEARCHED: Readonly<Record<string, Searched>> = {
  auto: {
    schemes: Object.keys(SCHEMES),
    maxStretches: FUSED,
    masterComputes: true,
    admits: stripsCutLongerEdge,
  },
  rows: { schemes: ['rows'], maxStretches: 1, masterComputes: true },
  grid: { schemes: ['rows', 'columns', 'tiles'], maxStretches: 1, masterComputes: true },
  modnn: { schemes: ['rows', 'columns'], maxStretches: 1, masterComputes: true, admits: cutsLongerEdge },
  deepthings: { schemes: ['tiles'], maxStretches: FUSED, masterComputes: true, admits: beginsTheModel },
  iop: { schemes: ['depth-chain'], maxStretches: 4, masterComputes: true },
  replica: { schemes: ['replica'], maxStretches: Infinity, masterComputes: false, admits: isWholeModel },
};

export const OBJECTIVES = ['latency', 'throughput'] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** The best plan of all that the strategy may use, under the workers' filter limits. Throws ISO_ERR_PLAN_MEMORY. */
export function planSearched(
  graph: Graph,
  model: FleetModel,
  searched: Searched,
  objective: Objective,
): StageList {
  const teams = teamsOf(model, searched.masterComputes);
  const limited = tightWorkers(graph, model).length > 0;
  const schemes = searched.schemes.map(schemeNamed);
  const varied = limited || objective === 'throughput';
  const table = optionsOf(graph, model, { ...searched, schemes, teams: representatives(teams), varied });
  const path =
    objective === 'latency'
      ? cheapestFittingPath(table, model, ({ seconds }) => seconds)
      : leastBusyPath(table, model);
  const list = new StageList(graph, model);
  for (const { from, to, cut: coarse } of path) {
    const run = table.stretches.run(from, to);
    const cut = coarse && !varied ? refined(model, run, coarse, searched, teams) : coarse;
    if (cut) list.distributed(cut.scheme.name, run.nodes, shardsOf(run, cut, model));
    else list.local(run.nodes);
  }
  return list;
}

/** The best cut of a chosen run over every team. */
function refined(model: FleetModel, run: Run, coarse: Cut, searched: Searched, teams: readonly Team[]): Cut {
  let best = coarse;
  for (const scheme of searched.schemes.map(schemeNamed)) {
    if (searched.admits?.(run, scheme) === false || scheme.unfit(run)) continue;
    for (const team of teams) {
      const able = ableTeam(model, team, run.nodes);
      const cut = able && balancedCut(model, run, scheme, able);
      if (cut && cut.cost.seconds < best.cost.seconds) best = cut;
    }
  }
  return best;
}

function shardsOf(run: Run, { scheme, team }: Cut, model: FleetModel): PlannedShard[] {
  return scheme.cut(run, team.weights).map(({ worker, shard }) => {
    const { id } = team.workers[worker]!;
    return { worker: id === model.master.id ? MASTER : id, shard };
  });
}
