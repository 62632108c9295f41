/** What chance decides of a shard. */
export const DRAW = { straggler: 1, ifmLost: 2, ofmLost: 3 } as const;

/**
 * A number in [0, 1) that depends on the seed, the inference, the shard and the question alone, and not on what was asked
 * before: two fleets or two rates of loss are compared under the same luck.
 */
export function chance(seed: number, inference: number, shard: number, draw: number): number {
  let hash = mixed(seed ^ 0x9e3779b9);
  for (const part of [inference, shard, draw]) hash = mixed(hash ^ Math.imul(part + 1, 0x85ebca6b));
  return hash / 2 ** 32;
}

/** Every bit of the result depends on every bit of the number: xor-shift and multiply, twice. */
function mixed(number: number): number {
  let hash = number >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
