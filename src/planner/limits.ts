import { IsobathError } from '../base/errors.ts';
import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import type { StageOption } from './option.ts';
import type { OptionTable } from './options.ts';
import { cheapestPath, type Weighing } from './search.ts';

/** How often the prices of memory are put right. */
const ROUNDS = 40;

/**
 * The cheapest path under the workers' filter limits. Memory gets a price per byte and worker, which rises where a path
 * holds too much (Lagrangian relaxation); the cheapest of the paths that fit is kept.
 * Throws ISO_ERR_PLAN_MEMORY with the shortfall.
 */
export function cheapestFittingPath(table: OptionTable, model: FleetModel, weigh: Weighing): StageOption[] {
  const limited = [model.master, ...model.agents].filter((worker) => worker.filterBytesLimit < Infinity);
  const free = cheapestPath(table, model, weigh);
  if (overfull(free, limited).size === 0) return free;
  const perByte = pathWeight(free, weigh) / Math.max(1, totalBytes(free));
  const prices = new Map<string, number>(limited.map(({ id }) => [id, 0]));
  let best: StageOption[] | undefined;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const path = cheapestPath(table, model, (option) => weigh(option) + rentOf(option, prices));
    const over = overfull(path, limited);
    if (over.size === 0 && (!best || pathWeight(path, weigh) < pathWeight(best, weigh))) best = path;
    for (const { id, filterBytesLimit } of limited) {
      const excess = (over.get(id) ?? -0.1 * filterBytesLimit) / Math.max(1, filterBytesLimit);
      const step = (4 * perByte * excess) / Math.sqrt(round);
      prices.set(id, Math.max(0, prices.get(id)! + (excess > 0 ? Math.max(step, perByte / 8) : step)));
    }
  }
  return best ?? leastMemoryPath(table, model, limited);
}

/** The path that fills memory least, whatever it costs; if even that does not fit, the model does not. */
function leastMemoryPath(
  table: OptionTable,
  model: FleetModel,
  limited: readonly WorkerModel[],
): StageOption[] {
  const perLimit = new Map(
    limited.map(({ id, filterBytesLimit }) => [id, 1 / Math.max(1, filterBytesLimit)]),
  );
  const path = cheapestPath(table, model, (option) => rentOf(option, perLimit) + 1e-9 * option.seconds);
  const over = overfull(path, limited);
  if (over.size === 0) return path;
  const missing = Math.ceil([...over.values()].reduce((sum, bytes) => sum + bytes, 0));
  const together = limited.reduce((sum, { filterBytesLimit }) => sum + filterBytesLimit, 0);
  const details = { needed: totalBytes(path), together, workers: limited.length, missing };
  throw IsobathError.of('ISO_ERR_PLAN_MEMORY', details);
}

/** Bytes above its limit, of each worker that holds too much. */
function overfull(path: readonly StageOption[], limited: readonly WorkerModel[]): Map<string, number> {
  const held = new Map<string, number>();
  for (const { filters } of path) {
    for (const { worker, bytes } of filters) held.set(worker, (held.get(worker) ?? 0) + bytes);
  }
  return new Map(
    limited.flatMap(({ id, filterBytesLimit }) => {
      const excess = (held.get(id) ?? 0) - filterBytesLimit;
      return excess > 0 ? [[id, excess]] : [];
    }),
  );
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
  let total = 0;
  for (const { filters } of path) for (const { bytes } of filters) total += bytes;
  return total;
}
