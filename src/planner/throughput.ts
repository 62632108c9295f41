import type { FleetModel } from '../estimator/fleet-model.ts';
import { cheapestFittingPath } from './limits.ts';
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
    const busy = new Float64Array(model.resources);
    for (const option of path)
      option.busy.forEach((seconds, at) => {
        busy[at]! += seconds;
      });
    const most = Math.max(...busy);
    if (!best || most < best.most) best = { path, most };
    const raised = weights.map(
      (weight, at) => weight * Math.exp(busy[at]! / Math.max(most, Number.MIN_VALUE)),
    );
    const sum = raised.reduce((total, weight) => total + weight, 0);
    weights = raised.map((weight) => weight / sum);
  }
  return best!.path;
}

function weighted(busy: Float64Array, weights: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < busy.length; at += 1) sum += busy[at]! * weights[at]!;
  return sum;
}
