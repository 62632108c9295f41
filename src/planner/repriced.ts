import { FleetModel } from '../estimator/fleet-model.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import type { Plan } from './plan.ts';
import type { Objective } from './searched.ts';
import { costOf } from './stages.ts';

/** What a plan that was made for another fleet, or on older figures, costs on this one. In seconds. */
export function repriced(
  { stages, wire }: Plan,
  fleet: FleetProfile,
  objective: Objective = 'latency',
): number {
  const model = new FleetModel(fleet, { wire });
  const costs = stages.map(({ shards }) => costOf(model, shards));
  if (objective === 'latency') return costs.reduce((sum, { seconds }) => sum + seconds, 0);
  const busy = new Float64Array(model.resources);
  for (const cost of costs) {
    cost.busy.forEach((seconds, resource) => {
      busy[resource]! += seconds;
    });
  }
  return Math.max(0, ...busy);
}
