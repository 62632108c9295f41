import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import { areAlike, rankedAgents, representatives, type Team, teamOf, teamsOf } from './team.ts';

/** What a run asks of whoever takes a share of it. */
export interface Demand {
  /** Of an agent that did all of it. */
  readonly seconds: (agent: WorkerModel) => number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/**
 * The teams for a run. Of agents alike these are the same for all runs. Of unlike ones the best depend on what the run
 * computes and moves: a fast device behind a slow link is good for one and useless for another.
 */
export class RunTeams {
  readonly #model: FleetModel;
  readonly #masterComputes: boolean;
  readonly #ranked: readonly WorkerModel[];
  readonly #known = new Map<string, Team>();
  /** The largest first. */
  readonly #common: readonly Team[];
  readonly #few: readonly Team[];
  readonly alike: boolean;

  constructor(model: FleetModel, masterComputes: boolean) {
    this.#model = model;
    this.#masterComputes = masterComputes;
    this.#ranked = rankedAgents(model);
    this.alike = areAlike(this.#ranked);
    this.#common = teamsOf(model, masterComputes, this.#ranked).map((team) => this.#same(team));
    this.#few = representatives(this.#common);
  }

  /** Those that stand for all, whatever a run asks. */
  get few(): readonly Team[] {
    return this.#few;
  }

  /** All that are worth a try; with `few`, those that stand for them. */
  of(demand: Demand, few = false): readonly Team[] {
    const common = few ? this.#few : this.#common;
    if (this.alike) return common;
    const own = teamsOf(this.#model, this.#masterComputes, this.#ranked, (size) => this.#best(size, demand));
    const teams = new Set([...common, ...own.map((team) => this.#same(team))]);
    return few ? representatives([...teams]) : [...teams];
  }

  /** The team without one of its agents, or with one more. */
  near({ workers }: Team): Team[] {
    const agents = this.#ranked.map((agent) => workers.includes(agent));
    const helpers = workers.filter(({ isMaster }) => isMaster);
    return this.#ranked.flatMap((_, changed) => {
      const chosen = this.#ranked.filter((_, at) => agents[at] !== (at === changed));
      return chosen.length > 0 ? [this.#same(teamOf([...chosen, ...helpers]))] : [];
    });
  }

  /** So many, to whom an equal share of the run would be least trouble; in the order of all. */
  #best(size: number, { seconds, bytesIn, bytesOut }: Demand): WorkerModel[] {
    const burdens = new Map(
      this.#ranked.map((agent) => {
        const { toAgent, fromAgent, compute, wakeSeconds } = agent;
        const share = (seconds(agent) + bytesIn * toAgent.beta + bytesOut * fromAgent.beta) / size;
        return [agent, share + compute.profile.secondsPerRun + toAgent.alpha + fromAgent.alpha + wakeSeconds];
      }),
    );
    const best = new Set(this.#ranked.toSorted((a, b) => burdens.get(a)! - burdens.get(b)!).slice(0, size));
    return this.#ranked.filter((agent) => best.has(agent));
  }

  #same(team: Team): Team {
    const known = this.#known.get(team.key);
    if (!known) this.#known.set(team.key, team);
    return known ?? team;
  }
}
