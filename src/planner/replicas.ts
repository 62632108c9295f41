import type { FleetModel } from '../estimator/fleet-model.ts';
import { costsAlone, evenShares, replicatedCost } from '../estimator/replicated-cost.ts';
import type { Run } from '../partition/run.ts';
import { schemeNamed } from '../partition/schemes/index.ts';
import type { Shard } from '../partition/shard.ts';
import type { Cut } from './option.ts';
import { MASTER, type PlannedShard } from './plan.ts';
import { type Team, teamOf } from './team.ts';

/** Shares below this are not worth a copy of the filters. */
const LEAST_SHARE = 1e-3;

/**
 * The run on every worker of the team that may hold its filters, one inference here and the next there. Undefined where
 * there are fewer than two, or the run cannot be one shard.
 */
export function replicatedCut(model: FleetModel, run: Run, team: Team): Cut | undefined {
  const scheme = schemeNamed('replica');
  if (scheme.unfit(run)) return undefined;
  const { shard } = scheme.cut(run, [1])[0]!;
  const able = team.workers.filter(({ filterBytesLimit }) => filterBytesLimit >= shard.filterBytes);
  if (able.length < 2) return undefined;
  const costs = costsAlone(model, shard, able);
  const shares = evenShares(able, costs);
  const kept = able.flatMap((_, at) => (shares[at]! >= LEAST_SHARE ? [at] : []));
  const used = kept.map((at) => able[at]!);
  if (used.length < 2) return undefined;
  const usedCosts = kept.map((at) => costs[at]!);
  const weights = evenShares(used, usedCosts);
  return { scheme, team: teamOf(used, weights), cost: replicatedCost(weights, usedCosts), replicated: true };
}

/** The replicas' shard, as it is planned. */
export function replicatedShard(model: FleetModel, run: Run, { team }: Cut): PlannedShard {
  const { shard } = schemeNamed('replica').cut(run, [1])[0]!;
  const replicas = team.workers.map(({ id }, at) => ({
    worker: id === model.master.id ? MASTER : id,
    share: team.weights[at]!,
  }));
  const { worker } = replicas.find(({ worker }) => worker !== MASTER)!;
  return { worker, shard, replicas };
}

/** What a planned shard costs as a stage of its own, where it has replicas. */
export function replicasCost(
  model: FleetModel,
  shard: Shard,
  replicas: NonNullable<PlannedShard['replicas']>,
) {
  const workers = replicas.map(({ worker }) => (worker === MASTER ? model.master : model.worker(worker)));
  return replicatedCost(
    replicas.map(({ share }) => share),
    costsAlone(model, shard, workers),
  );
}
