import type { Shard } from '../partition/shard.ts';
import { type FleetModel, OWN_RESOURCES, type WorkerModel } from './fleet-model.ts';
import { stageCost } from './stage-cost.ts';
import type { StageCost, StageTerms, WorkerCost } from './stage-summary.ts';

/** One of the workers that hold the same shard, and the share of the inferences that it runs. */
export interface Replica {
  readonly worker: string;
  readonly share: number;
}

/** What the shard costs at each of the workers alone; those that are alike are priced once. */
export function costsAlone(model: FleetModel, shard: Shard, workers: readonly WorkerModel[]): StageCost[] {
  const known = new Map<string, { cost: StageCost; worker: WorkerModel }>();
  return workers.map((worker) => {
    const alike = known.get(worker.kind);
    if (alike) return moved(alike.cost, alike.worker, worker);
    const cost = stageCost(model, [{ worker: worker.id, shard }]);
    known.set(worker.kind, { cost, worker });
    return cost;
  });
}

/** The same on resources of another worker of the same kind. */
function moved(cost: StageCost, from: WorkerModel, to: WorkerModel): StageCost {
  const busy = cost.busy.slice();
  for (let at = 0; at < OWN_RESOURCES; at += 1) {
    busy[to.engine + at] = cost.busy[from.engine + at]!;
    busy[from.engine + at] = 0;
  }
  return { ...cost, busy, perWorker: cost.perWorker.map((each) => ({ ...each, worker: to.id })) };
}

/** Shares that keep what belongs to each worker alone, its engine and its link, busy for equally long. */
export function evenShares(workers: readonly WorkerModel[], costs: readonly StageCost[]): number[] {
  const rates = workers.map((worker, at) => 1 / Math.max(ownSeconds(worker, costs[at]!), Number.MIN_VALUE));
  const sum = rates.reduce((total, rate) => total + rate, 0);
  return rates.map((rate) => (Number.isFinite(sum) ? rate / sum : 1 / rates.length));
}

function ownSeconds({ isMaster, engine }: WorkerModel, { busy }: StageCost): number {
  if (isMaster) return busy[engine]!;
  return Math.max(...busy.subarray(engine, engine + OWN_RESOURCES));
}

/**
 * One inference of a shard that is dealt out over replicas: the mean over those that it may go to. So what each resource
 * serves is its share, and the sum over a plan tells which one limits the throughput.
 */
export function replicatedCost(shares: readonly number[], costs: readonly StageCost[]): StageCost {
  const mean = (of: (cost: StageCost) => number) =>
    costs.reduce((sum, cost, at) => sum + shares[at]! * of(cost), 0);
  const busy = new Float64Array(costs[0]!.busy.length);
  costs.forEach((cost, at) => {
    cost.busy.forEach((seconds, resource) => {
      if (seconds > 0) busy[resource]! += shares[at]! * seconds;
    });
  });
  const term = (name: keyof StageTerms) => mean(({ terms }) => terms[name]);
  return {
    seconds: mean(({ seconds }) => seconds),
    terms: {
      partition: term('partition'),
      transmit: term('transmit'),
      edge: term('edge'),
      receive: term('receive'),
      join: term('join'),
    },
    bytes: mean(({ bytes }) => bytes),
    publishedBytes: mean(({ publishedBytes }) => publishedBytes),
    exchangedBytes: mean(({ exchangedBytes }) => exchangedBytes),
    messages: mean(({ messages }) => messages),
    perWorker: costs.flatMap(({ perWorker }, at) => perWorker.map((each) => shareOf(each, shares[at]!))),
    busy,
    throughputSeconds: busy.reduce((most, each) => Math.max(most, each), 0),
  };
}

/** Each holds all filters. */
function shareOf({ worker, filterBytes, ...work }: WorkerCost, share: number): WorkerCost {
  const { macs, bytesIn, bytesOut, busySeconds } = work;
  return {
    worker,
    filterBytes,
    macs: share * macs,
    bytesIn: share * bytesIn,
    bytesOut: share * bytesOut,
    busySeconds: share * busySeconds,
  };
}
