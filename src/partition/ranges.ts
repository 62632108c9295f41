import type { Range } from '../tensor/region.ts';

/**
 * Cuts [0, extent) into one contiguous range per weight, as near to proportional as whole units allow (largest
 * remainder; ties go to the earlier weight). `unit` is the grain: every boundary but the last is a multiple of it.
 * A weight that gets nothing has an empty range.
 */
export function proportionalRanges(extent: number, weights: readonly number[], unit = 1): Range[] {
  // relative to the largest, so that no sum of weights overflows
  const largest = Math.max(...weights);
  const shares = largest > 0 ? weights.map((weight) => weight / largest) : weights.map(() => 1);
  let total = 0;
  for (const share of shares) total += share;
  const units = Math.ceil(extent / unit);
  let left = units;
  const counts: number[] = [];
  const remainders: number[] = [];
  for (const share of shares) {
    const exact = (units * share) / total;
    const count = Math.floor(exact);
    counts.push(count);
    remainders.push(exact - count);
    left -= count;
  }
  for (; left > 0; left -= 1) {
    let next = 0;
    for (let at = 1; at < remainders.length; at += 1) if (remainders[at]! > remainders[next]!) next = at;
    counts[next]! += 1;
    remainders[next] = -1;
  }
  let start = 0;
  return counts.map((count): Range => {
    const from = start;
    start = Math.min(extent, from + count * unit);
    return [from, start];
  });
}
