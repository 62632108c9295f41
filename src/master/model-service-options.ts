import type { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Engine } from '../engine/engine.ts';
import type { DeadlineOptions } from '../planner/deadlines.ts';
import type { Bus } from '../transport/bus.ts';
import type { Topics } from '../wire/topics.ts';
import type { BlobServer } from './blob-server.ts';
import type { Deployment } from './deployment.ts';
import type { Fleet } from './fleet.ts';
import type { FleetProfiles } from './fleet-profile.ts';
import type { ServedModel } from './served-model.ts';

/** Runs what may end the process. `proves`: once it has ended well, it is trusted. */
export type Guard = <T>(work: () => Promise<T>, options?: { readonly proves?: boolean }) => Promise<T>;

export interface ModelServiceOptions {
  readonly model: ServedModel;
  readonly bus: Bus;
  readonly topics: Topics;
  readonly fleet: Fleet;
  /** What is known of the speed of the fleet's members. */
  readonly profiles: FleetProfiles;
  readonly blobs: BlobServer;
  readonly engine: Engine;
  readonly logger: Logger;
  /** Around each deployment. */
  readonly guard: Guard;
  readonly standby?: number;
  readonly chunkBytes?: number;
  readonly deadlines?: DeadlineOptions;
  readonly deployTimeoutMs?: number;
  /** The fleet must be quiet for so long before a new plan is made. Default 300 ms. */
  readonly settleMs?: number;
  /**
   * Plans that only figures ask for, and not a changed fleet, begin so long after the one before; after plans that
   * gained too little, up to 16 times as long. Default 10000 ms.
   */
  readonly replanMs?: number;
  /** A running plan is left only for one that is predicted to be faster by this share. Default 0.1. */
  readonly leastGain?: number;
  /** While nothing is deployed, measurements are awaited no longer than this; plans assume the rest. Default 30000 ms. */
  readonly measureMs?: number;
}

export type ModelEvents = {
  /** `members` is the size of the fleet that was planned for: not all of them need have work. */
  deployed: { readonly model: string; readonly deployment: Deployment; readonly members: number };
  /** A new plan is tried later, without the `agents` that were at fault; what ran before goes on. */
  failed: {
    readonly model: string;
    readonly error: IsobathError;
    readonly agents: readonly string[];
    readonly retryMs: number;
  };
};
