import { IsobathError } from '../base/errors.ts';
import { bytesInWords } from '../base/in-words.ts';
import type { FleetModel, WorkerModel } from '../estimator/fleet-model.ts';
import type { Graph } from '../graph/graph.ts';
import { runOf } from '../partition/run.ts';
import { localShard } from './stages.ts';

/** What workers hold of a model's filters, and what they may hold. */
export interface Held {
  readonly worker: string;
  readonly bytes: number;
}

/** The workers that could not hold all filters of the graph: of no other one can a plan ask too much. */
export function tightWorkers(graph: Graph, model: FleetModel): WorkerModel[] {
  const needed = filterBytesOf(graph);
  return [model.master, ...model.agents].filter(({ filterBytesLimit }) => filterBytesLimit < needed);
}

/** Throws ISO_ERR_PLAN_MEMORY where no plan can fit, because all workers together may hold less than the filters. */
export function refuseHopeless(graph: Graph, model: FleetModel): void {
  const workers = [model.master, ...model.agents];
  const needed = filterBytesOf(graph);
  const together = workers.reduce((sum, { filterBytesLimit }) => sum + filterBytesLimit, 0);
  if (together < needed) throw tooLarge(needed, workers, needed - together);
}

/** Throws ISO_ERR_PLAN_MEMORY where a worker holds more than it may. */
export function refuseOverfull(graph: Graph, model: FleetModel, held: Iterable<Held>): void {
  const limited = limitedOf(model);
  const missing = sumOf(overfull(held, limited));
  if (missing > 0) throw tooLarge(filterBytesOf(graph), limited, missing);
}

export function tooLarge(needed: number, workers: readonly WorkerModel[], missing: number): IsobathError {
  const together = workers.reduce((sum, { filterBytesLimit }) => sum + filterBytesLimit, 0);
  return IsobathError.of('ISO_ERR_PLAN_MEMORY', {
    needed: bytesInWords(needed),
    workers: workers.length,
    together: bytesInWords(together),
    missing: bytesInWords(missing),
  });
}

export function limitedOf(model: FleetModel): WorkerModel[] {
  return [model.master, ...model.agents].filter(({ filterBytesLimit }) => filterBytesLimit < Infinity);
}

/** Of the whole graph; every plan holds each filter at least once. */
function filterBytesOf(graph: Graph): number {
  return localShard(runOf(graph, graph.nodes)).filterBytes;
}

/** Bytes above its limit, of each worker that holds too much. */
export function overfull(filters: Iterable<Held>, limited: readonly WorkerModel[]): Map<string, number> {
  const held = new Map<string, number>();
  for (const { worker, bytes } of filters) held.set(worker, (held.get(worker) ?? 0) + bytes);
  return new Map(
    limited.flatMap(({ id, filterBytesLimit }) => {
      const excess = (held.get(id) ?? 0) - filterBytesLimit;
      return excess > 0 ? [[id, excess]] : [];
    }),
  );
}

export function sumOf(over: ReadonlyMap<string, number>): number {
  return [...over.values()].reduce((sum, bytes) => sum + bytes, 0);
}
