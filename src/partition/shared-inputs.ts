import { sameRegion } from '../tensor/region.ts';
import type { Shard } from './shard.ts';

/**
 * The inputs at the same place, of the same tensor and region, in every one of these shards: they are published once, on
 * a topic that all the agents of the stage read. Of one shard alone nothing is shared. The master sends by this, and the
 * estimator counts by it.
 */
export function sharedInputs(shards: readonly Pick<Shard, 'inputs'>[]): ReadonlySet<number> {
  const shared = new Set<number>();
  const [first, ...others] = shards;
  if (!first || others.length === 0) return shared;
  first.inputs.forEach(({ tensor, region }, at) => {
    const everywhere = others.every(({ inputs }) => {
      const input = inputs[at];
      return input?.tensor === tensor && (input.region === region || sameRegion(input.region, region));
    });
    if (everywhere) shared.add(at);
  });
  return shared;
}
