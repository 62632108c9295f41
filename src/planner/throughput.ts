import { type FleetModel, RESOURCE } from '../estimator/fleet-model.ts';
import { cheapestFittingPath } from './limits.ts';
import { limitedOf, overfull } from './memory.ts';
import type { StageOption } from './option.ts';
import type { OptionTable } from './options.ts';
import type { Steps } from './steps.ts';

const ROUNDS = 24;

/**
 * The path whose busiest resource is busy least per inference. The resources get weights, which grow where a path keeps
 * them busy (multiplicative weights for a min-max problem); the best of the paths is kept.
 */
export function* leastBusyPath(table: OptionTable, model: FleetModel): Steps<StageOption[]> {
  let weights = new Float64Array(model.resources).fill(1 / model.resources);
  let best: { path: StageOption[]; most: number } | undefined;
  for (let round = 0; round < ROUNDS; round += 1) {
    // the fastest path comes first: it must not be better than what is found
    yield;
    const path = yield* cheapestFittingPath(table, model, ({ busy, seconds }) =>
      round === 0 ? seconds : weighted(busy, weights),
    );
    const busy = busyOf(table, path, model);
    const most = Math.max(...busy);
    if (!best || most < best.most) best = { path, most };
    const raised = weights.map(
      (weight, at) => weight * Math.exp(busy[at]! / Math.max(most, Number.MIN_VALUE)),
    );
    const sum = raised.reduce((total, weight) => total + weight, 0);
    weights = raised.map((weight) => weight / sum);
  }
  return improved(table, model, surrounded(table, model, best!.path));
}

function weighted(busy: Float64Array, weights: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < busy.length; at += 1) sum += busy[at]! * weights[at]!;
  return sum;
}

function busyOf({ stretches }: OptionTable, path: readonly StageOption[], model: FleetModel): Float64Array {
  const busy = new Float64Array(model.resources);
  path.forEach((option, at) => {
    for (let resource = 0; resource < busy.length; resource += 1) busy[resource]! += option.busy[resource]!;
    // neighbouring local stretches are one run of the engine
    const opens = !option.cut && (at === 0 || path[at - 1]!.cut);
    if (opens)
      busy[RESOURCE.masterEngine]! +=
        model.master.compute.profile.secondsPerRun + stretches.all[option.from]!.openingSeconds;
  });
  return busy;
}

/** Infinity where a worker would hold more than it may. */
function mostOf(table: OptionTable, path: readonly StageOption[], model: FleetModel): number {
  const held = path.flatMap(({ filters }) => filters);
  return overfull(held, limitedOf(model)).size > 0 ? Infinity : Math.max(...busyOf(table, path, model));
}

/**
 * The best path of one cut and what lies around it at the master. A run that is dealt out over agents and the master lies between
 * one over the agents alone and the local one for all weights, so that weights never choose it.
 */
function surrounded(table: OptionTable, model: FleetModel, path: StageOption[]): StageOption[] {
  const { endingAt } = table;
  const local = endingAt.slice(1).map((options) => options.find(({ cut }) => !cut)!);
  let best = { path, most: mostOf(table, path, model) };
  for (const option of endingAt.flat()) {
    if (!option.cut?.replicated) continue;
    const around = [...local.slice(0, option.from), option, ...local.slice(option.to)];
    const most = mostOf(table, around, model);
    if (most < best.most) best = { path: around, most };
  }
  return best.path;
}

/** Changes one cut of the path for another one of the same run, as long as that helps. */
function improved(table: OptionTable, model: FleetModel, path: StageOption[]): StageOption[] {
  const { endingAt } = table;
  let best = { path, most: mostOf(table, path, model) };
  for (let at = 0; at < path.length; at += 1) {
    const { from, to } = path[at]!;
    for (const option of endingAt[to]!) {
      if (option.from !== from) continue;
      const other = best.path.with(at, option);
      const most = mostOf(table, other, model);
      if (most < best.most) best = { path: other, most };
    }
  }
  return best.path;
}
