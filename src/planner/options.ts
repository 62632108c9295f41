import { type FleetModel, RESOURCE } from '../estimator/fleet-model.ts';
import { stageCost } from '../estimator/stage-cost.ts';
import type { Graph } from '../graph/graph.ts';
import type { Run } from '../partition/run.ts';
import type { Scheme } from '../partition/scheme.ts';
import type { Cut, StageOption } from './option.ts';
import { Signatures } from './signature.ts';
import { Stretches } from './stretch.ts';
import { ableTeam, rebalanced, type Team } from './team.ts';

/** What a strategy lets the search use. */
export interface Allowed {
  readonly schemes: readonly Scheme[];
  readonly teams: readonly Team[];
  /** How many stretches between boundaries one stage may fuse. */
  readonly maxStretches: number;
  /** A further condition on a run. */
  readonly admits?: (run: Run, scheme: Scheme) => boolean;
  /** True where seconds are not all that counts: then options that hold less, or keep others busy, are kept as well. */
  readonly varied: boolean;
}

export interface OptionTable {
  readonly stretches: Stretches;
  /** By the index of the boundary where they end. */
  readonly endingAt: readonly (readonly StageOption[])[];
}

/** A run is fused no further after so many extensions in a row that made it lose against the best of its parts. */
const PATIENCE = 3;
/** In a graph of more stretches than this, a fused run must have one output: half a block of branches is no good stage. */
const SMALL_GRAPH = 24;

/**
 * The options that may be part of a best plan. Runs are taken from the back, so that the best time of every part of
 * a longer run is known when it is priced: an option that its parts beat is left out, and one that cannot beat them even
 * without any communication is not priced at all.
 */
export function optionsOf(graph: Graph, model: FleetModel, allowed: Allowed): OptionTable {
  const stretches = new Stretches(graph, model);
  const pricing = new RunPricing(graph, model, stretches, allowed);
  const ends = stretches.boundaries.length;
  const endingAt: StageOption[][] = Array.from({ length: ends }, () => []);
  /** Least seconds from one boundary to another, found so far. */
  const least = Array.from({ length: ends }, () => new Float64Array(ends).fill(Infinity));
  for (let from = ends - 2; from >= 0; from -= 1) {
    // alone, so that nothing is left out that is better where the stretch before runs elsewhere
    least[from]![from + 1] = stretches.all[from]!.localSeconds + stretches.all[from]!.openingSeconds;
    endingAt[from + 1]!.push(localOption(model, stretches, from));
    let patience = PATIENCE;
    let before = Infinity;
    for (let to = from + 1; to < ends; to += 1) {
      let parts = least[from]![to]!;
      for (let mid = from + 1; mid < to; mid += 1)
        parts = Math.min(parts, least[from]![mid]! + least[mid]![to]!);
      least[from]![to] = parts;
      if (to - from > allowed.maxStretches || patience < 0) continue;
      const found = pricing.optionsOf(from, to, parts + model.master.compute.profile.secondsPerRun);
      if (!found) continue;
      endingAt[to]!.push(...found.options);
      least[from]![to] = Math.min(parts, found.fastest);
      const ratio = found.fastest / parts;
      patience = ratio > 1 && ratio > before ? patience - 1 : PATIENCE;
      before = ratio;
    }
  }
  return { stretches, endingAt };
}

/** Prices runs; two that are alike are priced once. */
class RunPricing {
  readonly #model: FleetModel;
  readonly #stretches: Stretches;
  readonly #allowed: Allowed;
  readonly #signatures: Signatures;
  readonly #known = new Map<string, readonly Cut[]>();
  readonly #ideal: readonly (readonly number[])[];

  constructor(graph: Graph, model: FleetModel, stretches: Stretches, allowed: Allowed) {
    this.#model = model;
    this.#stretches = stretches;
    this.#allowed = allowed;
    this.#signatures = new Signatures(graph);
    this.#ideal = allowed.teams.map(({ workers }) => stretches.idealSeconds(workers));
  }

  /** Undefined where no scheme fits the run or none can beat `parts`, the best seconds of its parts. */
  optionsOf(
    from: number,
    to: number,
    parts: number,
  ): { options: StageOption[]; fastest: number } | undefined {
    const run = this.#stretches.run(from, to);
    if (!this.#stretches.canLeave(run)) return undefined;
    const small = this.#stretches.all.length <= SMALL_GRAPH;
    if (!small && to - from > 1 && run.outputs.length > 1) return undefined;
    const cuts = this.#cutsOf(run, from, to, parts);
    if (cuts.length === 0) return undefined;
    const fastest = cuts.reduce((least, { cost }) => Math.min(least, cost.seconds), Infinity);
    const kept = this.#allowed.varied
      ? cuts
      : cuts.filter(({ cost }) => cost.seconds === fastest && fastest < parts);
    return { options: kept.map((cut) => optionOf(from, to, cut)), fastest };
  }

  #cutsOf(run: Run, from: number, to: number, parts: number): readonly Cut[] {
    const { admits, schemes, varied } = this.#allowed;
    // what `admits` looks at is not all in the signature: where the run begins, and whether it is the whole model
    const key = `${admits ? `${from === 0} ` : ''}${this.#signatures.of(run)}`;
    const known = this.#known.get(key);
    if (known) return known;
    const teams = this.#teamsThatMay(run, from, to, varied ? Infinity : parts);
    const cuts =
      teams.length === 0
        ? []
        : schemes.flatMap((scheme) => {
            if (admits?.(run, scheme) === false || scheme.unfit(run)) return [];
            return varied
              ? variedCuts(this.#model, run, scheme, teams)
              : fastestCut(this.#model, run, scheme, teams);
          });
    this.#known.set(key, cuts);
    return cuts;
  }

  /** The teams whose lower bound is below the best known time. */
  #teamsThatMay(run: Run, from: number, to: number, parts: number): Team[] {
    const bytes = this.#stretches.outputBytes(run);
    return this.#allowed.teams.flatMap((team, at) => {
      let compute = 0;
      for (let stretch = from; stretch < to; stretch += 1) compute += this.#ideal[at]![stretch]!;
      if (Math.max(compute, leastTransfer(this.#model, team, bytes)) >= parts) return [];
      return ableTeam(this.#model, team, run.nodes) ?? [];
    });
  }
}

function fastestCut(model: FleetModel, run: Run, scheme: Scheme, teams: readonly Team[]): Cut[] {
  let best: Cut | undefined;
  for (const team of teams) {
    const cut = balancedCut(model, run, scheme, team);
    if (cut && (!best || cut.cost.seconds < best.cost.seconds)) best = cut;
  }
  return best ? [best] : [];
}

function variedCuts(model: FleetModel, run: Run, scheme: Scheme, teams: readonly Team[]): Cut[] {
  return teams.flatMap((team) => balancedCut(model, run, scheme, team) ?? []);
}

/** The cut by capacity, or, where that leaves workers idle, by what they then needed. */
export function balancedCut(model: FleetModel, run: Run, scheme: Scheme, team: Team): Cut | undefined {
  const first = pricedCut(model, run, scheme, team);
  const better = first && rebalanced(team, busyOf(team, first));
  const second = better && pricedCut(model, run, scheme, better);
  return second && second.cost.seconds < first.cost.seconds ? second : first;
}

function pricedCut(model: FleetModel, run: Run, scheme: Scheme, team: Team): Cut | undefined {
  const placed = scheme
    .cut(run, team.weights)
    .map(({ worker, shard }) => ({ worker: team.workers[worker]!.id, shard }));
  // what ends up on the master alone is the local option
  if (placed.every(({ worker }) => worker === model.master.id)) return undefined;
  return { scheme, team, cost: stageCost(model, placed) };
}

function busyOf({ workers }: Team, { cost }: Cut): number[] {
  return workers.map(({ id }) => cost.perWorker.find(({ worker }) => worker === id)?.busySeconds ?? 0);
}

function optionOf(from: number, to: number, cut: Cut): StageOption {
  const { seconds, busy, perWorker } = cut.cost;
  const filters = perWorker.map(({ worker, filterBytes }) => ({ worker, bytes: filterBytes }));
  return { from, to, cut, seconds, busy, filters };
}

/** One stretch at the master, without the cost of a run: it shares that with its neighbours. */
function localOption(model: FleetModel, { all }: Stretches, at: number): StageOption {
  const { localSeconds: seconds, filterBytes } = all[at]!;
  const busy = new Float64Array(model.resources);
  busy[RESOURCE.masterEngine] = seconds;
  return {
    from: at,
    to: at + 1,
    cut: undefined,
    seconds,
    busy,
    filters: [{ worker: model.master.id, bytes: filterBytes }],
  };
}

/** Without the master's help, all outputs come back over the agents' links and the master's port. */
function leastTransfer(model: FleetModel, { workers }: Team, bytes: number): number {
  const agents = workers.filter(({ isMaster }) => !isMaster);
  const message = Math.min(...agents.map(({ toAgent, fromAgent }) => toAgent.alpha + fromAgent.alpha));
  if (agents.length < workers.length) return message;
  const rate = agents.reduce((sum, { fromAgent }) => sum + 1 / fromAgent.beta, 0);
  return message + Math.max(bytes * model.port.in, bytes / rate);
}
