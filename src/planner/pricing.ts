import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import { stageCost } from '../estimator/stage-cost.ts';
import type { Run } from '../partition/run.ts';
import type { Assignment, Scheme } from '../partition/scheme.ts';
import type { Cut } from './option.ts';
import { rebalanced, type Team } from './team.ts';

/** From so many workers on, a rough cut is worth its while. */
const MANY = 8;
/** By how much a rough cut may seem slower than it is. */
const ROUGHLY = 1.04;

/** What is known of a run cut by a scheme over a team. */
export interface Price {
  /** Undefined where it was not priced, because it cannot be faster than what was asked for, or where there is none. */
  readonly cut: Cut | undefined;
  /** It takes so many seconds, or more where there is no cut. */
  readonly least: number;
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
  if (limit < Number.POSITIVE_INFINITY) {
    const sample = scheme.sample?.(run, team.weights);
    const least = sample ? stageCost(model, [placed(team, sample)]).seconds : 0;
    if (least >= limit) return { cut: undefined, least };
    if (team.workers.length >= MANY && scheme.rough) {
      const rough = scheme.rough(run, team.weights)!.map((each) => placed(team, each));
      const about = rough.length > 0 ? stageCost(model, rough).seconds : 0;
      if (about >= ROUGHLY * limit) return { cut: undefined, least: about };
    }
  }
  const first = pricedCut(model, run, scheme, team);
  if (!first) return { cut: undefined, least: Number.POSITIVE_INFINITY };
  const busy = busyOf(team, first);
  const even = busy.reduce((sum, seconds) => sum + seconds, 0) / busy.length;
  const gain = Math.max(...busy) - even;
  const better = first.cost.seconds - gain < limit ? rebalanced(team, busy) : undefined;
  const second = better && pricedCut(model, run, scheme, better);
  const cut = second && second.cost.seconds < first.cost.seconds ? second : first;
  return { cut, least: cut.cost.seconds };
}

/** As `priceOf`, whatever it takes. */
export function balancedCut(model: FleetModel, run: Run, scheme: Scheme, team: Team): Cut | undefined {
  return priceOf(model, run, scheme, team).cut;
}

/** Remembers prices: by the signature of a run, two that are alike are priced once. */
export class Prices {
  readonly #model: FleetModel;
  readonly #single = new Map<WorkerModel, Team>();
  readonly #known = new Map<string, Map<Scheme, Map<Team, Price>>>();

  constructor(model: FleetModel) {
    this.#model = model;
  }

  of(run: Run, signature: string, scheme: Scheme, team: Team, limit: number): Price {
    const prices = this.#pricesOf(signature, scheme);
    const used = scheme.alone ? this.#alone(team) : team;
    const known = prices.get(used);
    if (known && (known.cut || known.least >= limit)) return known;
    const price = priceOf(this.#model, run, scheme, used, limit);
    prices.set(used, price);
    return price;
  }

  #alone({ workers, weights }: Team): Team {
    const worker = workers[weights.indexOf(Math.max(...weights))]!;
    let team = this.#single.get(worker);
    if (!team) this.#single.set(worker, (team = { workers: [worker], weights: [1] }));
    return team;
  }

  #pricesOf(signature: string, scheme: Scheme): Map<Team, Price> {
    let schemes = this.#known.get(signature);
    if (!schemes) this.#known.set(signature, (schemes = new Map()));
    let teams = schemes.get(scheme);
    if (!teams) schemes.set(scheme, (teams = new Map()));
    return teams;
  }
}

function pricedCut(model: FleetModel, run: Run, scheme: Scheme, team: Team): Cut | undefined {
  const shards = scheme.cut(run, team.weights).map((each) => placed(team, each));
  // what ends up on the master alone is the local option
  if (shards.every(({ worker }) => worker === model.master.id)) return undefined;
  return { scheme, team, cost: stageCost(model, shards) };
}

function placed({ workers }: Team, { worker, shard }: Assignment) {
  return { worker: workers[worker]!.id, shard };
}

function busyOf({ workers }: Team, { cost }: Cut): number[] {
  return workers.map(({ id }) => cost.perWorker.find(({ worker }) => worker === id)?.busySeconds ?? 0);
}
