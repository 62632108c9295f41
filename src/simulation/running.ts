import type { SharedArrival } from '../estimator/courses.ts';
import type { FlowShard } from '../planner/dataflow.ts';
import type { LegStage } from './leg-stage.ts';
import type { Flight } from './stage-record.ts';

/** One inference on its way. */
export interface Running {
  readonly number: number;
  readonly asked: number;
  /** By shard: how many others must end before it can begin. */
  readonly waiting: number[];
  /** Shards that have not ended. */
  left: number;
  takenOver: number;
  /** Shards of one stage that begin at the same moment go out together, in their order. */
  readonly firing: Map<string, number[]>;
  /** By stage: what was published for all its agents. */
  readonly shared: Map<number, SharedArrival>;
  /** By stage, of those whose shards run in legs. */
  readonly legs: Map<number, LegStage>;
  /** By stage: the shard that ended last so far. */
  readonly last: Map<number, Flight>;
}

export function begun(number: number, asked: number, shards: readonly FlowShard[]): Running {
  return {
    number,
    asked,
    waiting: shards.map(({ dependencies }) => dependencies),
    left: shards.length,
    takenOver: 0,
    firing: new Map(),
    shared: new Map(),
    legs: new Map(),
    last: new Map(),
  };
}
