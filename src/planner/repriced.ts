import { FleetModel } from '../estimator/fleet-model.ts';
import type { FleetProfile } from '../estimator/profile.ts';
import type { Objective } from './objective.ts';
import { MASTER, type Plan, workersOf } from './plan.ts';
import { costOf, planOf } from './stages.ts';

/** A plan that was made for another fleet, or on older figures, as it costs on this one. Its workers must be there. */
export function repricedPlan(plan: Plan, model: FleetModel): Plan {
  const stages = plan.stages.map((stage) => ({ ...stage, cost: costOf(model, stage.shards) }));
  return planOf(plan.strategy, model, stages);
}

/** In seconds. */
export function repriced(plan: Plan, fleet: FleetProfile, objective: Objective = 'latency'): number {
  const { predictedSeconds, throughputSeconds } = repricedPlan(plan, new FleetModel(fleet, plan));
  return objective === 'latency' ? predictedSeconds : throughputSeconds;
}

/** True where all workers of the plan are of the fleet. */
export function canReprice({ stages }: Plan, { master, agents }: FleetProfile): boolean {
  const there = new Set([master, ...agents].map(({ id }) => id));
  return stages.every(({ shards }) =>
    shards.every((planned) => workersOf(planned).every((worker) => worker === MASTER || there.has(worker))),
  );
}
