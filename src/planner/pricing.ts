import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import { stageCost, stageSeconds } from '../estimator/stage-cost.ts';
import type { StageCost } from '../estimator/stage-summary.ts';
import type { Run } from '../partition/run.ts';
import type { Assignment, Scheme } from '../partition/scheme.ts';
import type { Cut } from './option.ts';
import { leastLeft, rebalanced, type Team, teamOf } from './team.ts';

/** From so many workers on, a rough cut is worth its while. The shares of fewer unlike ones may change by more than bounds allow. */
const MANY = 8;
/** By how much a cut of alike workers may seem slower than it is, before its shares are put right: whole rows, halo. */
const UNEVEN = 1.25;
/** By how much a rough cut may seem slower than a true one of the same shares. */
const ROUGH = 1.05;

/** Shares of many workers that keep them busy for equally long but for a tenth are not put right. */
const TENTH = 1.1;

/** What is known of a run cut by a scheme over a team. */
export interface Price {
  /** Undefined where it was not priced, because it cannot be faster than what was asked for, or where there is none. */
  readonly cut: Cut | undefined;
  /** It takes so many seconds, or more where there is no cut. */
  readonly least: number;
  /** True where one shard of it alone takes too long. */
  readonly oneTooSlow?: boolean;
}

/**
 * The cut by capacity, or, where that leaves workers idle, by what they then needed. One that takes `limit` seconds or
 * more may be left unpriced: most cuts of a search are beaten by their sample alone, without the other shards.
 */
export function priceOf(
  model: FleetModel,
  run: Run,
  scheme: Scheme,
  team: Team,
  limit = Number.POSITIVE_INFINITY,
): Price {
  const many = team.workers.length >= MANY;
  const bounded = many || team.workers.every(({ compute }) => compute === team.workers[0]!.compute);
  if (bounded && limit < Number.POSITIVE_INFINITY) {
    const sample = scheme.sample?.(run, team.weights);
    const least = sample ? leastOfSample(model, team, sample) : 0;
    if (least >= limit) return { cut: undefined, least, oneTooSlow: true };
  }
  if (many && scheme.rough) return roughlyBalanced(model, run, scheme, team, limit);
  const first = pricedCut(model, run, scheme, team);
  if (!first) return { cut: undefined, least: Number.POSITIVE_INFINITY };
  const busy = busyOf(team, first.cost);
  const near = !bounded || first.cost.seconds * leastOf(team, busy) < limit;
  const better = near ? rebalanced(team, busy, many ? TENTH : 1) : undefined;
  return priced(faster(first, better && pricedCut(model, run, scheme, better)));
}

/** The shares are put right on rough cuts; of these, the fastest is cut truly. */
function roughlyBalanced(model: FleetModel, run: Run, scheme: Scheme, team: Team, limit: number): Price {
  const roughCut = (of: Team) => cutOf(model, scheme, of, scheme.rough!(run, of.weights));
  const first = roughCut(team);
  if (!first) return { cut: undefined, least: Number.POSITIVE_INFINITY };
  const busy = busyOf(team, first.cost);
  const least = (first.cost.seconds * leastOf(team, busy)) / ROUGH;
  if (least >= limit) return { cut: undefined, least };
  const better = rebalanced(team, busy, TENTH);
  const best = faster(first, better && roughCut(better));
  const about = best.cost.seconds / ROUGH;
  if (about >= limit) return { cut: undefined, least: about };
  const cut = pricedCut(model, run, scheme, best.team);
  return cut ? priced(cut) : { cut: undefined, least: Number.POSITIVE_INFINITY };
}

/**
 * What may be left of the seconds of a sample when the shares are put right: the others are taken to be as busy as their
 * shares of its work make them.
 */
function leastOfSample(model: FleetModel, team: Team, sample: Assignment): number {
  const { worker, shard } = sample;
  const { workers, weights } = team;
  const busy = workers.map(
    ({ compute }, at) => (compute.seconds(shard.work) * weights[at]!) / weights[worker]!,
  );
  return (stageSeconds(model, [placed(team, sample)]) * leastLeft(team, busy)) / UNEVEN;
}

/** What may be left of its seconds when the shares are put right. */
function leastOf(team: Team, busySeconds: readonly number[]): number {
  return Math.min(1 / UNEVEN, leastLeft(team, busySeconds));
}

const faster = (a: Cut, b: Cut | undefined): Cut => (b && b.cost.seconds < a.cost.seconds ? b : a);

const priced = (cut: Cut): Price => ({ cut, least: cut.cost.seconds });

/** As `priceOf`, whatever it takes. */
export function balancedCut(model: FleetModel, run: Run, scheme: Scheme, team: Team): Cut | undefined {
  return priceOf(model, run, scheme, team).cut;
}

/** Remembers prices: by the signature of a run, two that are alike are priced once. */
export class Prices {
  readonly #model: FleetModel;
  readonly #best = new Map<string, Cut>();
  readonly #single = new Map<WorkerModel, Team>();
  readonly #known = new Map<string, Map<Scheme, Map<string, Price>>>();

  constructor(model: FleetModel) {
    this.#model = model;
  }

  /** The fastest cut of such a run that was priced so far. */
  best(signature: string): Cut | undefined {
    return this.#best.get(signature);
  }

  of(run: Run, signature: string, scheme: Scheme, team: Team, limit: number): Price {
    const prices = this.#pricesOf(signature, scheme);
    const used = scheme.alone ? this.#alone(team) : team;
    const known = prices.get(used.key);
    if (known && (known.cut || known.least >= limit)) return known;
    const price = priceOf(this.#model, run, scheme, used, limit);
    // of what is too slow, how slow it is: to keep more would fill the memory
    prices.set(used.key, price.least < limit ? price : { ...price, cut: undefined });
    const best = this.#best.get(signature);
    if (price.cut && !(best && best.cost.seconds <= price.least)) this.#best.set(signature, price.cut);
    return price;
  }

  #alone({ workers, weights }: Team): Team {
    const worker = workers[weights.indexOf(Math.max(...weights))]!;
    let team = this.#single.get(worker);
    if (!team) {
      team = teamOf([worker], [1]);
      this.#single.set(worker, team);
    }
    return team;
  }

  #pricesOf(signature: string, scheme: Scheme): Map<string, Price> {
    let schemes = this.#known.get(signature);
    if (!schemes) {
      schemes = new Map();
      this.#known.set(signature, schemes);
    }
    let teams = schemes.get(scheme);
    if (!teams) {
      teams = new Map();
      schemes.set(scheme, teams);
    }
    return teams;
  }
}

function pricedCut(model: FleetModel, run: Run, scheme: Scheme, team: Team): Cut | undefined {
  return cutOf(model, scheme, team, scheme.cut(run, team.weights));
}

function cutOf(
  model: FleetModel,
  scheme: Scheme,
  team: Team,
  assignments: readonly Assignment[],
): Cut | undefined {
  const shards = assignments.map((each) => placed(team, each));
  // what ends up on the master alone is the local option
  if (shards.every(({ worker }) => worker === model.master.id)) return undefined;
  return { scheme, team, cost: stageCost(model, shards) };
}

function placed({ workers }: Team, { worker, shard }: Assignment) {
  return { worker: workers[worker]!.id, shard };
}

function busyOf({ workers }: Team, cost: StageCost): number[] {
  const busy = new Map(cost.perWorker.map(({ worker, busySeconds }) => [worker, busySeconds]));
  return workers.map(({ id }) => busy.get(id) ?? 0);
}
