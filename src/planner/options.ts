import { type FleetModel, RESOURCE } from '../estimator/fleet-model.ts';
import type { Run } from '../partition/run.ts';
import type { Scheme } from '../partition/scheme.ts';
import type { Cut, StageOption } from './option.ts';
import type { Prices } from './pricing.ts';
import type { RunTeams } from './run-teams.ts';
import type { Steps } from './steps.ts';
import type { Stretches } from './stretch.ts';
import { ableTeam, agentShare, type Team } from './team.ts';

/** What a strategy lets the search use. */
export interface Allowed {
  readonly schemes: readonly Scheme[];
  readonly teams: RunTeams;
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
/** A cut that takes so many times as long as its parts may still win with one agent more or less. */
const CLOSE = 1.25;
/** In a graph of more stretches than this, a fused run must have one output: half a block of branches is no good stage. */
const SMALL_GRAPH = 24;

/**
 * The options that may be part of a best plan. Runs are taken from the back, so that the best time of every part of
 * a longer run is known when it is priced: an option that its parts beat is left out, and one that cannot beat them even
 * without any communication is not priced at all.
 */
export function* optionsOf(
  model: FleetModel,
  stretches: Stretches,
  prices: Prices,
  allowed: Allowed,
): Steps<OptionTable> {
  const pricing = new RunPricing(model, stretches, prices, allowed);
  const ends = stretches.boundaries.length;
  const endingAt: StageOption[][] = Array.from({ length: ends }, () => []);
  const { secondsPerRun } = model.master.compute.profile;
  /** Least seconds from one boundary to another, found so far. */
  const least = Array.from({ length: ends }, () => new Float64Array(ends).fill(Infinity));
  for (let from = ends - 2; from >= 0; from -= 1) {
    // as if the stretch before and the one behind ran elsewhere: so nothing is left out that is better there
    let local = secondsPerRun + stretches.all[from]!.openingSeconds;
    endingAt[from + 1]!.push(localOption(model, stretches, from));
    let patience = PATIENCE;
    let before = Infinity;
    for (let to = from + 1; to < ends; to += 1) {
      const long = to - from > allowed.maxStretches;
      // longer runs are for one worker alone: those that begin or end the model
      if (long && from > 0 && to < ends - 1) continue;
      local += stretches.all[to - 1]!.localSeconds;
      const parts = leastOfParts(least, from, to, local);
      least[from]![to] = parts;
      if (patience < 0 && !long) continue;
      const found = yield* pricing.optionsOf(from, to, parts, long);
      if (!found) continue;
      endingAt[to]!.push(...found.options);
      if (found.options.length > 0) least[from]![to] = Math.min(parts, found.least);
      const ratio = found.least / parts;
      patience = ratio > 1 && ratio > before ? patience - 1 : PATIENCE;
      before = ratio;
    }
  }
  return { stretches, endingAt };
}

/** Least seconds from one boundary to another: at the master, or by way of any between them. */
function leastOfParts(least: readonly Float64Array[], from: number, to: number, local: number): number {
  const row = least[from]!;
  let seconds = local;
  for (let mid = from + 1; mid < to; mid += 1) {
    const parts = row[mid]! + least[mid]![to]!;
    if (parts < seconds) seconds = parts;
  }
  return seconds;
}

/** Prices the runs of one search. */
class RunPricing {
  readonly #stretches: Stretches;
  readonly #allowed: Allowed;
  readonly #prices: Prices;
  readonly #model: FleetModel;
  readonly #kinds: readonly { readonly ideal: readonly number[]; readonly beta: number }[];
  readonly #ideal = new Map<Team, readonly number[]>();
  readonly #fit = new Map<string, Scheme[]>();
  /** What was the best way to cut the run before: it is tried first, for a good time bounds all others. */
  #hint: Scheme | undefined;

  constructor(model: FleetModel, stretches: Stretches, prices: Prices, allowed: Allowed) {
    this.#model = model;
    this.#stretches = stretches;
    this.#prices = prices;
    this.#allowed = allowed;
    const kinds = new Map(model.agents.map((agent) => [agent.kind, agent]));
    this.#kinds = [...kinds.values()].map((agent) => ({
      ideal: stretches.idealSeconds([agent]),
      beta: agent.fromAgent.beta,
    }));
  }

  /** `alone`: by one worker only. Undefined where no scheme fits the run or none can beat `parts`, the best seconds of its parts. */
  *optionsOf(
    from: number,
    to: number,
    parts: number,
    alone: boolean,
  ): Steps<{ options: StageOption[]; least: number } | undefined> {
    const run = this.#stretches.run(from, to);
    if (!this.#stretches.canLeave(run)) return undefined;
    if (alone && this.#leastAlone(run, from, to) >= parts) return undefined;
    const small = this.#stretches.all.length <= SMALL_GRAPH;
    if (!small && to - from > 1 && run.outputs.length > 1) return undefined;
    const { varied } = this.#allowed;
    const teams = this.#teamsThatMay(run, from, to, varied ? Infinity : parts);
    if (teams.length === 0) return undefined;
    const signature = this.#stretches.signature(from, to);
    const fitting = this.#fitting(run, signature, alone);
    if (fitting.length === 0) return undefined;
    if (this.#hint && !varied) fitting.sort((a, b) => Number(b === this.#hint) - Number(a === this.#hint));
    const cuts: Cut[] = [];
    // what was the best over fewer agents is to be beaten
    const before = varied ? undefined : this.#prices.best(signature);
    let least = before?.cost.seconds ?? Infinity;
    for (const scheme of fitting) {
      if (scheme.alone && !varied && this.#leastAlone(run, from, to) >= parts) continue;
      let tooMuch = Infinity;
      for (const team of teams) {
        // of devices of one kind, nobody is faster with as much to do
        const share = agentShare(team);
        if (this.#allowed.teams.alike && share >= tooMuch) continue;
        const limit = varied ? Infinity : Math.min(parts, least);
        const price = this.#prices.of(run, signature, scheme, team, limit);
        if (price.cut) cuts.push(price.cut);
        least = Math.min(least, price.least);
        yield;
        if (price.oneTooSlow) tooMuch = share;
      }
    }
    if (!varied && !this.#allowed.teams.alike) {
      yield* this.#descend(run, signature, parts);
      least = Math.min(least, this.#prices.best(signature)?.cost.seconds ?? Infinity);
    }
    if (least === Infinity) return undefined;
    if (varied) return { options: cuts.map((cut) => optionOf(from, to, cut)), least };
    const best = this.#prices.best(signature);
    const wins = best !== undefined && best.cost.seconds <= least && best.cost.seconds < parts;
    this.#hint = best?.scheme ?? this.#hint;
    return { options: wins ? [optionOf(from, to, best)] : [], least };
  }

  /** The best cut of unlike agents may still lack one, or have one too many. */
  *#descend(run: Run, signature: string, parts: number): Steps<void> {
    let best = this.#prices.best(signature);
    for (let before: Cut | undefined; best && best !== before && best.cost.seconds < CLOSE * parts; ) {
      before = best;
      for (const team of this.#allowed.teams.near(before.team)) {
        const able = ableTeam(this.#model, team, run.nodes);
        if (able) this.#prices.of(run, signature, before.scheme, able, Math.min(parts, best.cost.seconds));
        yield;
      }
      best = this.#prices.best(signature)!;
    }
  }

  #idealOf(team: Team): readonly number[] {
    let ideal = this.#ideal.get(team);
    if (!ideal) {
      ideal = this.#stretches.idealSeconds(team.workers);
      this.#ideal.set(team, ideal);
    }
    return ideal;
  }

  /** The schemes that may cut the run. */
  #fitting(run: Run, signature: string, alone: boolean): Scheme[] {
    const { admits } = this.#allowed;
    const schemes = this.#allowed.schemes.filter((scheme) => scheme.alone || !alone);
    let fit = this.#fit.get(signature);
    if (!fit) {
      fit = schemes.filter((scheme) => !scheme.unfit(run));
      this.#fit.set(signature, fit);
    }
    return fit.filter((scheme) => admits?.(run, scheme) !== false);
  }

  /** Seconds that one agent needs at least: nothing comes back before all is computed. */
  #leastAlone(run: Run, from: number, to: number): number {
    let seconds = Infinity;
    for (const kind of this.#kinds) {
      let alone = this.#stretches.outputBytes(run) * kind.beta;
      for (let stretch = from; stretch < to; stretch += 1) alone += kind.ideal[stretch]!;
      seconds = Math.min(seconds, alone);
    }
    return seconds;
  }

  /** The teams whose lower bound is below the best known time, without those whose engines cannot run the nodes. */
  #teamsThatMay(run: Run, from: number, to: number, parts: number): Team[] {
    const bytes = this.#stretches.outputBytes(run);
    return this.#allowed.teams.of(this.#stretches.demand(from, to), true).flatMap((team) => {
      const ideal = this.#idealOf(team);
      let compute = 0;
      for (let stretch = from; stretch < to; stretch += 1) compute += ideal[stretch]!;
      if (Math.max(compute, leastTransfer(this.#model, team, bytes)) >= parts) return [];
      return ableTeam(this.#model, team, run.nodes) ?? [];
    });
  }
}

export function optionOf(from: number, to: number, cut: Cut): StageOption {
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
