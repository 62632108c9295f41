import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import type { Node } from '../graph/graph.ts';
import type { Work } from '../partition/work.ts';

/** Workers that may share a stage, and their shares. */
export interface Team {
  /** The same for teams of the same workers in the same order. */
  readonly key: string;
  readonly workers: readonly WorkerModel[];
  readonly weights: readonly number[];
}

/** A layer of medium size: what capacities are compared by before a stage was priced. */
const YARDSTICK: Work = { kind: 'conv3x3', macs: 1e8, bytes: 4e5, filterBytes: 6e5 };

/** Of so many agents every set is tried: which are best depends on the stage. */
const FEW = 3;

/** The fleet's agents, the best first. */
export function rankedAgents(model: FleetModel): WorkerModel[] {
  return model.agents.toSorted((a, b) => burdenOf(a) - burdenOf(b));
}

/** So many agents, half of them, and so on down to one: in rising order. */
export function halvings(agents: number): number[] {
  const sizes: number[] = [];
  for (let size = agents; size > 0; size = Math.floor(size / 2)) sizes.unshift(size);
  return sizes;
}

/**
 * The teams that a stage may be cut over: every set of the best few agents, and the best k of all for several k; each with
 * and without the master's own device. Agents that look alike are not permuted.
 */
export function teamsOf(
  model: FleetModel,
  masterComputes: boolean,
  ranked: readonly WorkerModel[] = rankedAgents(model),
  best = (size: number): readonly WorkerModel[] => ranked.slice(0, size),
): Team[] {
  const few = areAlike(ranked) ? 0 : FEW;
  const sizes = sizesUpTo(ranked.length).filter((size) => size > few);
  const sets = [...setsOf(best(few)), ...sizes.map((size) => best(size))];
  const teams: Team[] = [];
  for (const agents of sets) {
    teams.push(teamOf(agents));
    if (masterComputes) teams.push(teamOf([...agents, model.master]));
  }
  return teams;
}

/** Up to so many agents, a team of any size stands for itself. */
const SMALL = 8;

/**
 * Few teams that stand for all, the largest first: those by which runs are compared before the chosen ones are cut in every
 * way. The best half of the agents, the best quarter and so on are among them, so that fewer agents are not faster.
 */
export function representatives(teams: readonly Team[]): Team[] {
  const agents = (team: Team) => team.workers.filter(({ isMaster }) => !isMaster).length;
  const most = Math.max(...teams.map(agents));
  const sizes = new Set(halvings(most));
  const small = most > SMALL ? FEW : SMALL;
  return teams
    .filter((team) => agents(team) <= small || sizes.has(agents(team)))
    .sort((a, b) => b.workers.length - a.workers.length);
}

/** Every set but the empty one. */
function setsOf<T>(items: readonly T[]): T[][] {
  const sets: T[][] = [];
  for (const item of items) sets.push([item], ...sets.map((set) => [...set, item]));
  return sets;
}

export function areAlike(workers: readonly WorkerModel[]): boolean {
  return workers.every(({ kind }) => kind === workers[0]!.kind);
}

/** Every size of a small fleet; of a large one those that differ by a third or so, and the halvings. */
function sizesUpTo(agents: number): number[] {
  const sizes = new Set(halvings(agents));
  for (let size = 1; size < agents; size = Math.max(size + 1, Math.floor(size * 1.4))) sizes.add(size);
  return [...sizes].sort((a, b) => a - b);
}

export function teamOf(workers: readonly WorkerModel[], weights = capacitiesOf(workers)): Team {
  return { key: workers.map(({ id }) => id).join(), workers, weights };
}

/** Those of the team whose engines can run the nodes; undefined where nobody can, or only the master. */
export function ableTeam(model: FleetModel, team: Team, nodes: readonly Node[]): Team | undefined {
  const able = team.workers.map((worker) => model.canRun(worker, nodes));
  if (able.every((can) => can)) return team;
  const workers = team.workers.filter((_, at) => able[at]);
  if (workers.every(({ isMaster }) => isMaster)) return undefined;
  return teamOf(
    workers,
    team.weights.filter((_, at) => able[at]),
  );
}

/** What part of the work the first agent gets. */
export function agentShare({ weights }: Team): number {
  return weights[0]! / weights.reduce((sum, weight) => sum + weight, 0);
}

/** Yardsticks per second. */
export function capacitiesOf(workers: readonly WorkerModel[]): number[] {
  return workers.map(({ compute }) => 1 / compute.secondsOf(YARDSTICK));
}

/** Seconds of the yardstick on the agent, with the way of 100 KB there and back. */
function burdenOf({ compute, toAgent, fromAgent }: WorkerModel): number {
  return (
    compute.secondsOf(YARDSTICK) + 1e5 * (toAgent.beta + fromAgent.beta) + toAgent.alpha + fromAgent.alpha
  );
}

/**
 * What is left of the busiest worker's share when shares are put right by `rebalanced`: of no worker less is left, so a
 * cut becomes no faster than this part of its seconds, but for whole rows and channels.
 */
export function leastLeft({ weights }: Team, busySeconds: readonly number[]): number {
  let [rate, sum, most] = [0, 0, 0];
  for (let at = 0; at < weights.length; at += 1) {
    const busy = busySeconds[at]!;
    if (busy === 0) return 1;
    rate += weights[at]! / busy;
    sum += weights[at]!;
    most = Math.max(most, busy);
  }
  return sum / rate / most;
}

/**
 * The shares that would have made all workers busy for equally long, had their times been in proportion: undefined where
 * they were within `uneven` of each other already.
 */
export function rebalanced(team: Team, busySeconds: readonly number[], uneven: number): Team | undefined {
  const busy = busySeconds.filter((seconds) => seconds > 0);
  if (busy.length < team.workers.length || Math.max(...busy) <= uneven * Math.min(...busy)) return undefined;
  return { ...team, weights: team.weights.map((weight, at) => weight / busySeconds[at]!) };
}
