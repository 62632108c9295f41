import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import type { Graph } from '../graph/graph.ts';
import type { Run } from '../partition/run.ts';
import type { Scheme } from '../partition/scheme.ts';
import { SCHEMES, schemeNamed } from '../partition/schemes/index.ts';
import { EXCHANGE, exchangedPath } from './exchanged.ts';
import { cheapestFittingPath } from './limits.ts';
import { tightWorkers } from './memory.ts';
import type { Cut, StageOption } from './option.ts';
import { type OptionTable, optionOf, optionsOf } from './options.ts';
import { MASTER, type PlannedShard } from './plan.ts';
import { Prices } from './pricing.ts';
import { ratesOf } from './rates.ts';
import { replicatedCut, replicatedShard } from './replicas.ts';
import { RunTeams } from './run-teams.ts';
import { cheapestPath } from './search.ts';
import { StageList } from './stages.ts';
import type { Steps } from './steps.ts';
import { Stretches } from './stretch.ts';
import { ableTeam, rankedAgents, teamOf } from './team.ts';
import { leastBusyPath } from './throughput.ts';

/** What a strategy that searches may use. */
export interface Searched {
  readonly schemes: readonly string[];
  /** Boundaries that one stage may reach across: 1 is layer by layer. */
  readonly maxStretches: number;
  /** False: the master's own device takes no share of a stage. */
  readonly masterComputes: boolean;
  readonly admits?: (run: Run, scheme: Scheme) => boolean;
  /** True where neighbouring stages of rows may become one whose workers exchange halos. */
  readonly exchanges?: boolean;
}

/** As far as fused runs pay: beyond, the halo is larger than what is saved. */
const FUSED = 14;
/** What is left of the seconds of a run, when it is cut over every team, if all goes well. */
const HOPE = 0.97;
/** Of so many agents, the exchange of halos is tried for every run: for more it takes longer than planning may. */
const SMALL_FLEET = 8;
/** So often paths are looked for with that hope. */
const ROUNDS = 12;

/** The strip that cuts the longer edge: its borders, and so the halo, run along the shorter one. */
function cutsLongerEdge({ graph, outputs }: Run, scheme: Scheme): boolean {
  const [, , height = 1, width = 1] = graph.types.get(outputs[0] ?? '')?.shape ?? [];
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
    schemes: Object.keys(SCHEMES).filter((name) => name !== EXCHANGE),
    maxStretches: FUSED,
    masterComputes: true,
    admits: stripsCutLongerEdge,
    exchanges: true,
  },
  rows: { schemes: ['rows'], maxStretches: 1, masterComputes: true },
  grid: { schemes: ['rows', 'columns', 'tiles'], maxStretches: 1, masterComputes: true },
  modnn: { schemes: ['rows', 'columns'], maxStretches: 1, masterComputes: true, admits: cutsLongerEdge },
  deepthings: { schemes: ['tiles'], maxStretches: FUSED, masterComputes: true, admits: beginsTheModel },
  iop: { schemes: ['depth-chain'], maxStretches: 4, masterComputes: true },
  replica: { schemes: ['replica'], maxStretches: Infinity, masterComputes: true, admits: isWholeModel },
};

/** Searches the plans of one strategy for a graph on a fleet. What it learns of cuts serves all its searches. */
export class PlanSearch {
  readonly #graph: Graph;
  readonly #model: FleetModel;
  readonly #searched: Searched;
  readonly #schemes: readonly Scheme[];
  readonly #ranked: readonly WorkerModel[];
  readonly #stretches: Stretches;
  readonly #prices: Prices;
  readonly #teams: RunTeams;
  readonly #tight: boolean;

  constructor(graph: Graph, model: FleetModel, searched: Searched) {
    this.#graph = graph;
    this.#model = model;
    this.#searched = searched;
    this.#schemes = searched.schemes.map(schemeNamed);
    this.#ranked = rankedAgents(model);
    this.#stretches = new Stretches(graph, model);
    this.#prices = new Prices(model);
    this.#teams = new RunTeams(model, searched.masterComputes);
    this.#tight = tightWorkers(graph, model).length > 0;
  }

  /** The fastest plan. Throws ISO_ERR_PLAN_MEMORY. */
  *forLatency(): Steps<StageList> {
    if (!this.#tight) return yield* this.#fastest(this.#schemes);
    const table = yield* this.#table(this.#schemes);
    return this.#listOf(yield* cheapestFittingPath(table, this.#model, ({ seconds }) => seconds));
  }

  /**
   * As `forLatency`, but every run is cut by the exchange of halos, too, not only what lies on the fastest path. That may
   * find what the other search does not, and the other way round: each gives up runs by what it knows of shorter ones.
   */
  *forLatencyExchanging(): Steps<StageList> {
    return yield* this.#fastest([...this.#schemes, schemeNamed(EXCHANGE)]);
  }

  /** True where that is worth its time. */
  get mayExchangeAnywhere(): boolean {
    return this.#mayExchange && !this.#tight && this.#model.agents.length <= SMALL_FLEET;
  }

  *#fastest(schemes: readonly Scheme[]): Steps<StageList> {
    const path = yield* this.#refinedPath(yield* this.#table(schemes), schemes);
    return this.#listOf(this.#mayExchange ? yield* this.#exchanged(path) : path);
  }

  /** The cheapest path, whose runs are cut in every way. A run that was not may turn out cheaper than it is known to be. */
  *#refinedPath(table: OptionTable, schemes: readonly Scheme[]): Steps<StageOption[]> {
    const refined = new Map<StageOption, StageOption>();
    const path = (hope: number) =>
      cheapestPath(table, this.#model, (option) => {
        const known = option.cut ? refined.get(option) : option;
        return known ? known.seconds : option.seconds * hope;
      });
    for (let round = 1; ; round += 1) {
      const found = path(round < ROUNDS ? HOPE : 1);
      const open = found.filter((option) => option.cut && !refined.has(option));
      if (open.length === 0) return found.map((option) => refined.get(option) ?? option);
      for (const option of open) {
        const { from, to, cut } = option;
        refined.set(option, optionOf(from, to, yield* this.#refined(from, to, cut!, schemes)));
      }
    }
  }

  /** Halos travel as they are: where feature maps are rounded on their way, they would have another precision. */
  get #mayExchange(): boolean {
    return this.#searched.exchanges === true && this.#model.wire === 'float32';
  }

  #exchanged(path: readonly StageOption[]): Steps<StageOption[]> {
    return exchangedPath(path, {
      model: this.#model,
      stretches: this.#stretches,
      prices: this.#prices,
      teams: this.#teams.few,
    });
  }

  /** The plan whose busiest resource is busy least. Throws ISO_ERR_PLAN_MEMORY. */
  *forThroughput(): Steps<StageList> {
    const { endingAt } = yield* this.#table(this.#schemes);
    const table = { stretches: this.#stretches, endingAt: endingAt.map((options) => [...options]) };
    if (this.#searched.schemes.includes('replica'))
      for (const option of yield* this.#replicated()) table.endingAt[option.to]!.push(option);
    return this.#listOf(yield* leastBusyPath(table, this.#model));
  }

  #table(schemes: readonly Scheme[]): Steps<OptionTable> {
    const { admits, maxStretches } = this.#searched;
    return optionsOf(this.#model, this.#stretches, this.#prices, {
      schemes,
      maxStretches,
      teams: this.#teams,
      varied: this.#tight,
      ...(admits ? { admits } : {}),
    });
  }

  /** Runs of which every worker has a copy: those that are not too long, and those that begin or end the model. */
  *#replicated(): Steps<StageOption[]> {
    const { admits, masterComputes } = this.#searched;
    const scheme = schemeNamed('replica');
    const ends = this.#stretches.boundaries.length - 1;
    const teams = [teamOf(this.#ranked), teamOf([...this.#ranked, this.#model.master])].slice(
      0,
      masterComputes ? 2 : 1,
    );
    const options: StageOption[] = [];
    for (let from = 0; from < ends; from += 1) {
      for (let to = from + 1; to <= ends; to += 1) {
        if (to - from > FUSED && from > 0 && to < ends) continue;
        const run = this.#stretches.run(from, to);
        if (!this.#stretches.canLeave(run) || admits?.(run, scheme) === false) continue;
        for (const team of teams) {
          yield;
          const able = ableTeam(this.#model, team, run.nodes);
          const cut = able && replicatedCut(this.#model, run, able);
          if (cut) options.push(optionOf(from, to, cut));
        }
      }
    }
    return options;
  }

  /** The stages of a path. */
  #listOf(path: readonly StageOption[]): StageList {
    const list = new StageList(this.#graph, this.#model);
    for (const { from, to, cut } of path) {
      const run = this.#stretches.run(from, to);
      if (cut) list.distributed(cut.scheme.name, run.nodes, shardsOf(run, cut, this.#model));
      else list.local(run.nodes);
    }
    return list;
  }

  /** The best cut of a run over every team. */
  *#refined(from: number, to: number, coarse: Cut, allowed: readonly Scheme[]): Steps<Cut> {
    const run = this.#stretches.run(from, to);
    const signature = this.#stretches.signature(from, to);
    let best = this.#prices.best(signature) ?? coarse;
    let teams = this.#teams.of(this.#stretches.demand(from, to));
    const schemes = allowed.filter(
      (scheme) => this.#searched.admits?.(run, scheme) !== false && !scheme.unfit(run),
    );
    for (let before: Cut | undefined; before !== best; ) {
      before = best;
      for (const scheme of schemes) {
        for (const team of teams) {
          const able = ableTeam(this.#model, team, run.nodes);
          if (!able) continue;
          const { cut } = this.#prices.of(run, signature, scheme, able, best.cost.seconds);
          yield;
          if (cut && cut.cost.seconds < best.cost.seconds) best = cut;
        }
      }
      // of agents alike all is tried; of unlike ones the best found may still lack one, or have one too many
      if (this.#teams.alike) break;
      teams = this.#teams.near(best.team);
    }
    return best;
  }
}

function shardsOf(run: Run, cut: Cut, model: FleetModel): PlannedShard[] {
  if (cut.replicated) return [replicatedShard(model, run, cut)];
  const { scheme, team } = cut;
  return scheme.cut(run, team.weights, ratesOf(model, team.workers)).map(({ worker, shard }) => {
    const { id } = team.workers[worker]!;
    return { worker: id === model.master.id ? MASTER : id, shard };
  });
}
