import type { StageCost } from '../estimator/stage-summary.ts';
import type { PlannedShard } from './plan.ts';

/** A way to run the nodes between two boundaries: an edge in the search for the best plan. */
export interface StageOption {
  /** Indices into the boundaries. */
  readonly from: number;
  readonly to: number;
  readonly scheme: string;
  /** Empty for a local stretch, which grows together with its neighbours. */
  readonly shards: readonly PlannedShard[];
  readonly seconds: number;
  /** By resource of the fleet model: what limits the throughput. */
  readonly busy: Float64Array;
  /** Filters that it makes each worker hold. */
  readonly filters: readonly { readonly worker: string; readonly bytes: number }[];
  readonly cost: StageCost | undefined;
}
