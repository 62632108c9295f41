import fc from 'fast-check';
import { FleetModel, type WorkerModel } from '../../src/estimator/fleet-model.ts';
import type { FleetProfile } from '../../src/estimator/profile.ts';
import { stageCost } from '../../src/estimator/stage-cost.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { type Run, runOf } from '../../src/partition/run.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { boundariesOf } from '../../src/planner/boundaries.ts';
import { ratesOf } from '../../src/planner/rates.ts';
import { localShard } from '../../src/planner/stages.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { capacitiesOf, teamsOf } from '../../src/planner/team.ts';
import { randomModel } from '../support/random-graph.ts';
import { randomFleet } from './support.ts';

/**
 * The least seconds of all plans whose stages begin and end at `boundaries`: every composition, every scheme, every
 * set of workers, shares by capacity, and by what they were busy with these. It remembers the best of each run, and
 * knows nothing of the search.
 */
export interface Found {
  readonly seconds: number;
  /** Of each stage. */
  readonly stages: readonly string[];
}

export function leastSeconds(graph: Graph, fleet: FleetProfile, boundaries: readonly number[]): Found {
  const model = new FleetModel(fleet);
  // in the planner's order: whose bytes go out first makes a difference, which it does not search for
  const order = teamsOf(model, false).reduce((a, b) => (b.workers.length > a.workers.length ? b : a)).workers;
  const teams = subsets([...order, model.master]).filter((team) => team.some(({ isMaster }) => !isMaster));
  const best = new Map<string, Found>();
  const foundFor = (from: number, to: number): Found => {
    const key = `${from}-${to}`;
    if (!best.has(key)) {
      const nodes = graph.nodes.slice(boundaries[from], boundaries[to]);
      best.set(key, leastOfRun(model, runOf(graph, nodes), nodes, teams));
    }
    return best.get(key)!;
  };
  const ends = boundaries.length - 1;
  let least: Found = { seconds: Infinity, stages: [] };
  for (let cuts = 0; cuts < 2 ** (ends - 1); cuts += 1) {
    let seconds = 0;
    const stages: string[] = [];
    let from = 0;
    for (let to = 1; to <= ends; to += 1) {
      if (to < ends && (cuts & (1 << (to - 1))) === 0) continue;
      const found = foundFor(from, to);
      seconds += found.seconds;
      stages.push(...found.stages);
      from = to;
    }
    if (seconds < least.seconds) least = { seconds, stages };
  }
  return least;
}

/** By what part `auto` is predicted slower than that, on random small models and fleets of up to three unlike agents. */
export function excessOverBruteForce(numRuns: number, seed: number): number[] {
  const excess: number[] = [];
  const small = randomModel.filter(({ graph }) => boundariesOf(graph).length <= 9);
  fc.assert(
    fc.property(small, randomFleet(3), ({ graph }, fleet) => {
      const { predictedSeconds } = planGraph(graph, fleet, { strategy: 'auto' });
      excess.push(predictedSeconds / leastSeconds(graph, fleet, boundariesOf(graph)).seconds - 1);
    }),
    { numRuns, seed },
  );
  return excess;
}

function leastOfRun(
  model: FleetModel,
  run: Run,
  nodes: readonly Node[],
  teams: readonly WorkerModel[][],
): Found {
  const { seconds } = stageCost(model, [{ worker: model.master.id, shard: localShard(run) }]);
  let least: Found = { seconds, stages: [`local ${nodes.length}`] };
  if (run.outputs.length === 0) return least;
  for (const scheme of Object.values(SCHEMES)) {
    if (scheme.unfit(run) || isShorterStrip(run, scheme.name)) continue;
    for (const team of teams) {
      const price = (weights: readonly number[]) => {
        const placed = scheme
          .cut(run, weights, ratesOf(model, team))
          .map(({ worker, shard }) => ({ worker: team[worker]!.id, shard }));
        const cost = stageCost(model, placed);
        // what ends up at the master alone is the local stage
        if (placed.every(({ worker }) => worker === model.master.id)) return cost;
        const stages = [`${scheme.name} ${nodes.length} on ${placed.map(({ worker }) => worker)}`];
        if (cost.seconds < least.seconds) least = { seconds: cost.seconds, stages };
        return cost;
      };
      const capacities = capacitiesOf(team);
      const { perWorker } = price(capacities);
      const busy = team.map(({ id }) => perWorker.find(({ worker }) => worker === id)?.busySeconds ?? 0);
      if (busy.every((each) => each > 0)) price(capacities.map((weight, at) => weight / busy[at]!));
    }
  }
  return least;
}

/** Strips across the shorter edge, which `auto` leaves out. */
function isShorterStrip({ graph, outputs }: Run, scheme: string): boolean {
  const [, , height = 1, width = 1] = graph.types.get(outputs[0]!)!.shape;
  return scheme === (height >= width ? 'columns' : 'rows');
}

function subsets<T>(items: readonly T[]): T[][] {
  const sets: T[][] = [[]];
  for (const item of items) sets.push(...sets.map((set) => [...set, item]));
  return sets;
}
