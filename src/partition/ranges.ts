import type { Range } from '../tensor/region.ts';

/**
 * Cuts [0, extent) into one contiguous range per weight, as near to proportional as whole units allow (largest
 * remainder; ties go to the earlier weight). `unit` is the grain: every boundary but the last is a multiple of it.
 * A weight that gets nothing has an empty range.
 */
export function proportionalRanges(extent: number, weights: readonly number[], unit = 1): Range[] {
  // relative to the largest, so that no sum of weights overflows
  const largest = Math.max(...weights);
  const shares = weights.map((weight) => (largest > 0 ? weight / largest : 1));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const units = Math.ceil(extent / unit);
  const exact = shares.map((share) => (units * share) / total);
  const counts = exact.map(Math.floor);
  const byRemainder = exact
    .map((value, at) => ({ at, remainder: value - counts[at]! }))
    .sort((a, b) => b.remainder - a.remainder || a.at - b.at);
  let left = units - counts.reduce((sum, count) => sum + count, 0);
  for (const { at } of byRemainder) {
    if (left === 0) break;
    counts[at]! += 1;
    left -= 1;
  }
  let start = 0;
  return counts.map((count) => {
    const end = Math.min(extent, start + count * unit);
    const range: Range = [start, end];
    start = end;
    return range;
  });
}
