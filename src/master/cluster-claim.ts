import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Identity } from '../presence/identity.ts';
import { NameClaim } from '../presence/name-claim.ts';
import type { Bus } from '../transport/bus.ts';
import { MASTER_STATUS } from '../wire/messages/status.ts';
import type { Topics } from '../wire/topics.ts';

export interface ClusterClaimOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly identity: Identity;
  readonly logger: Logger;
  readonly announce: () => Promise<void>;
  /** Another master has the better right to the cluster. */
  readonly onFatal: ((error: IsobathError) => void) | undefined;
}

/** One master serves a cluster. */
export function clusterClaim({ topics, onFatal, ...rest }: ClusterClaimOptions): NameClaim {
  return new NameClaim({
    ...rest,
    topic: topics.masterClaim(),
    what: `master of the cluster ${topics.cluster}`,
    status: { topic: topics.masterStatus(), kind: MASTER_STATUS },
    taken: (machine) => IsobathError.of('ISO_ERR_MASTER_DUPLICATE', { cluster: topics.cluster, machine }),
    onLost: (error) => onFatal?.(error),
  });
}
