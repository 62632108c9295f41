import type { StageCost } from '../estimator/stage-summary.ts';
import type { Scheme } from '../partition/scheme.ts';
import type { Team } from './team.ts';

/** A scheme on a team, for the nodes between two boundaries, and what that costs. It is cut again when it is chosen. */
export interface Cut {
  readonly scheme: Scheme;
  readonly team: Team;
  readonly cost: StageCost;
  /** True where each worker of the team has the whole run, and the weights are their shares of the inferences. */
  readonly replicated?: boolean;
}

/** A way to run the nodes between two boundaries: an edge in the search for the best plan. */
export interface StageOption {
  /** Indices into the boundaries. */
  readonly from: number;
  readonly to: number;
  /** Undefined for a stretch at the master, which grows together with its neighbours. */
  readonly cut: Cut | undefined;
  readonly seconds: number;
  /** By resource of the fleet model: what limits the throughput. */
  readonly busy: Float64Array;
  /** Filters that it makes each worker hold. */
  readonly filters: readonly { readonly worker: string; readonly bytes: number }[];
}
