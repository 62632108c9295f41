import { shardOf } from '../cut.ts';
import { madeOnce, placesOf } from '../likes.ts';
import { type Assignment, middleOf, refuse, type Scheme } from '../scheme.ts';
import {
  madeAlong,
  partAlong,
  partBetween,
  rangesAlong,
  SPATIAL,
  type Spatial,
  unfitAlong,
  wholeOutputs,
} from '../spatial.ts';

/** Parallel strips of feature maps, with the halo that each needs, over a layer or a fused run of layers. */
export function strips(name: Spatial): Scheme {
  return {
    name,
    unfit: (run) => unfitAlong(run, name),
    cut(run, weights) {
      refuse(name, run, this.unfit(run));
      return madeAlong(
        wholeOutputs(run),
        SPATIAL[name],
        weights,
        (placed, [, end]): Assignment | undefined => {
          const shard = shardOf(run, { placed });
          return shard && { worker: end - 1, shard };
        },
      )!;
    },
    rough(run, weights) {
      const regions = wholeOutputs(run);
      const ranges = rangesAlong(regions, SPATIAL[name], weights);
      return madeOnce(placesOf(ranges), (worker) => {
        const placed = partBetween(regions, SPATIAL[name], ranges, worker, worker);
        return placed.length > 0 ? shardOf(run, { placed }) : undefined;
      });
    },
    sample(run, weights) {
      const worker = middleOf(weights.length);
      const placed = partAlong(wholeOutputs(run), SPATIAL[name], weights, worker);
      const shard = placed.length > 0 ? shardOf(run, { placed }) : undefined;
      return shard && { worker, shard };
    },
  };
}
