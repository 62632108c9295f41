import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import { type Held, limitedOf, overfull, sumOf, tooLarge } from './memory.ts';
import type { StageOption } from './option.ts';
import type { OptionTable } from './options.ts';
import { cheapestPath, type Weighing } from './search.ts';
import type { Steps } from './steps.ts';

/** How often the prices of memory are put right. */
const ROUNDS = 40;
/** The weight of what hardly counts. */
const FAINT = 1e-9;

/**
 * The cheapest path under the workers' filter limits. Memory gets a price per byte and worker, which rises where a path
 * holds too much (Lagrangian relaxation); the cheapest of the paths that fit is kept.
 * Throws ISO_ERR_PLAN_MEMORY with the shortfall.
 */
export function* cheapestFittingPath(
  table: OptionTable,
  model: FleetModel,
  weigh: Weighing,
): Steps<StageOption[]> {
  const limited = limitedOf(model);
  const free = cheapestPath(table, model, weigh);
  if (overfull(filtersOf(free), limited).size === 0) return free;
  const perByte = pathWeight(free, weigh) / Math.max(1, totalBytes(free));
  const prices = new Map<string, number>(limited.map(({ id }) => [id, 0]));
  let best: StageOption[] | undefined;
  for (let round = 1; round <= ROUNDS; round += 1) {
    yield;
    const path = cheapestPath(table, model, (option) => weigh(option) + rentOf(option, prices));
    const over = overfull(filtersOf(path), limited);
    if (over.size === 0 && (!best || pathWeight(path, weigh) < pathWeight(best, weigh))) best = path;
    for (const { id, filterBytesLimit } of limited) {
      const excess = (over.get(id) ?? -0.1 * filterBytesLimit) / Math.max(1, filterBytesLimit);
      const step = (4 * perByte * excess) / Math.sqrt(round);
      prices.set(id, Math.max(0, prices.get(id)! + (excess > 0 ? Math.max(step, perByte / 8) : step)));
    }
  }
  if (best) return best;
  const fitting = yield* fittingPrices(table, model, weigh, limited);
  return yield* cheapestAtPrices(table, model, weigh, limited, fitting);
}

/**
 * Prices of memory at which the path that pays least for memory alone fits. Throws ISO_ERR_PLAN_MEMORY with what the best
 * path found has too much.
 */
function* fittingPrices(
  table: OptionTable,
  model: FleetModel,
  weigh: Weighing,
  limited: readonly WorkerModel[],
): Steps<Map<string, number>> {
  const prices = new Map(limited.map(({ id, filterBytesLimit }) => [id, 1 / Math.max(1, filterBytesLimit)]));
  // where nothing fits, the path of the fewest bytes may come nearest
  const fewest = cheapestPath(table, model, ({ filters }) =>
    filters.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  let missing = sumOf(overfull(filtersOf(fewest), limited));
  for (let round = 1; round <= ROUNDS; round += 1) {
    yield;
    const path = cheapestPath(table, model, (option) => rentOf(option, prices) + FAINT * weigh(option));
    const over = overfull(filtersOf(path), limited);
    if (over.size === 0) return prices;
    missing = Math.min(missing, sumOf(over));
    for (const { id, filterBytesLimit } of limited) {
      const excess = (over.get(id) ?? -0.1 * filterBytesLimit) / Math.max(1, filterBytesLimit);
      prices.set(id, prices.get(id)! * Math.exp(Math.max(-1, Math.min(1, excess)) / Math.sqrt(round)));
    }
  }
  const needed = table.stretches.all.reduce((sum, { filterBytes }) => sum + filterBytes, 0);
  throw tooLarge(needed, limited, missing);
}

/** The cheapest path that fits, of those between paying for memory alone and paying for time alone. */
function* cheapestAtPrices(
  table: OptionTable,
  model: FleetModel,
  weigh: Weighing,
  limited: readonly WorkerModel[],
  prices: ReadonlyMap<string, number>,
): Steps<StageOption[]> {
  const pathAt = (share: number) =>
    cheapestPath(table, model, (option) => rentOf(option, prices) + share * weigh(option));
  let best = pathAt(FAINT);
  let [low, high] = [FAINT, 1 / FAINT];
  for (let round = 1; round <= ROUNDS; round += 1) {
    yield;
    const share = Math.sqrt(low * high);
    const path = pathAt(share);
    if (overfull(filtersOf(path), limited).size > 0) {
      high = share;
      continue;
    }
    low = share;
    if (pathWeight(path, weigh) < pathWeight(best, weigh)) best = path;
  }
  return best;
}

function filtersOf(path: readonly StageOption[]): Held[] {
  return path.flatMap(({ filters }) => filters);
}

function rentOf({ filters }: StageOption, prices: ReadonlyMap<string, number>): number {
  let rent = 0;
  for (const { worker, bytes } of filters) rent += bytes * (prices.get(worker) ?? 0);
  return rent;
}

function pathWeight(path: readonly StageOption[], weigh: Weighing): number {
  return path.reduce((sum, option) => sum + weigh(option), 0);
}

function totalBytes(path: readonly StageOption[]): number {
  return filtersOf(path).reduce((sum, { bytes }) => sum + bytes, 0);
}
