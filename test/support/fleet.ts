import { type AssumedWorker, assumedFleet } from '../../src/estimator/assumed.ts';
import type { FleetProfile } from '../../src/estimator/profile.ts';
import { MASTER } from '../../src/planner/plan.ts';
import { CHUNK_BYTES } from '../../src/wire/chunks.ts';

/** A fleet of which only the capacities matter. */
export function fleetOfWorkers(workers: readonly AssumedWorker[]): FleetProfile {
  return assumedFleet(MASTER, workers, CHUNK_BYTES);
}
