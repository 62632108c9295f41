import { type FleetModel, RESOURCE } from '../estimator/fleet-model.ts';
import type { StageOption } from './option.ts';
import type { OptionTable } from './options.ts';

/** What an option costs in the search at hand: seconds, and what the limits and the objective add. */
export type Weighing = (option: StageOption) => number;

/**
 * The cheapest way from the first boundary to the last: dynamic programming over the topological order. Neighbouring
 * local stretches become one stage and pay for one run of the engine, so the state is the boundary and whether the
 * stretch before it was local.
 */
export function cheapestPath(table: OptionTable, model: FleetModel, weigh: Weighing): StageOption[] {
  const { secondsPerRun } = model.master.compute.profile;
  const perSecond = weigh(oneSecondOfMaster(model));
  const ends = table.stretches.boundaries.length;
  const costs = [new Float64Array(ends).fill(Infinity), new Float64Array(ends).fill(Infinity)];
  const chosen: [StageOption | undefined, boolean][][] = [[], []];
  costs[0]![0] = 0;
  for (let to = 1; to < ends; to += 1) {
    for (const option of table.endingAt[to]!) {
      const local = option.cut ? 0 : 1;
      const own = weigh(option);
      const opening = secondsPerRun + table.stretches.all[option.from]!.openingSeconds;
      for (const before of [0, 1]) {
        const start = local === 1 && before === 0 ? opening * perSecond : 0;
        const cost = costs[before]![option.from]! + own + start;
        if (cost < costs[local]![to]!) {
          costs[local]![to] = cost;
          chosen[local]![to] = [option, before === 1];
        }
      }
    }
  }
  const path: StageOption[] = [];
  let local = costs[1]![ends - 1]! < costs[0]![ends - 1]! ? 1 : 0;
  for (let at = ends - 1; at > 0; ) {
    const [option, before] = chosen[local]![at]!;
    path.unshift(option!);
    at = option!.from;
    local = before ? 1 : 0;
  }
  return path;
}

/** A second of the master's engine: what local runs cost beside their stretches is weighed as options are. */
function oneSecondOfMaster(model: FleetModel): StageOption {
  const busy = new Float64Array(model.resources);
  busy[RESOURCE.masterEngine] = 1;
  return { from: 0, to: 0, cut: undefined, seconds: 1, busy, filters: [] };
}
