import { shardOf } from '../cut.ts';
import { type Assignment, refuse, type Scheme } from '../scheme.ts';
import { madeAlong, SPATIAL, type Spatial, unfitAlong, wholeOutputs } from '../spatial.ts';

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
  };
}
