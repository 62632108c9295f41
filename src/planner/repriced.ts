import { FleetModel } from '../estimator/fleet-model.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import { stageCost } from '../estimator/stage-cost.ts';
import { MASTER, type Plan } from './plan.ts';
import type { Objective } from './searched.ts';

/** What a plan that was made for another fleet, or on older figures, costs on this one. In seconds. */
export function repriced({ stages }: Plan, fleet: FleetProfile, objective: Objective = 'latency'): number {
  const model = new FleetModel(fleet);
  const costs = stages.map(({ shards }) =>
    stageCost(
      model,
      shards.map(({ worker, shard }) => ({ worker: worker === MASTER ? model.master.id : worker, shard })),
    ),
  );
  if (objective === 'latency') return costs.reduce((sum, { seconds }) => sum + seconds, 0);
  const busy = new Float64Array(model.resources);
  for (const cost of costs) {
    cost.busy.forEach((seconds, resource) => {
      busy[resource]! += seconds;
    });
  }
  return Math.max(0, ...busy);
}
