import type { Tensor } from './tensor.ts';

export interface Difference {
  /** Largest |a - b| over all elements of all outputs. */
  readonly maxAbsDifference: number;
  /** Largest, over the outputs, of that divided by the output's own largest magnitude. */
  readonly maxRelativeDifference: number;
}

/** How far `got` is from `wanted`, by output name. An element that is a number in one only is infinitely far. */
export function differenceOf(
  got: ReadonlyMap<string, Tensor>,
  wanted: ReadonlyMap<string, Tensor>,
): Difference {
  let maxAbsDifference = 0;
  let maxRelativeDifference = 0;
  for (const [name, tensor] of wanted) {
    const a = got.get(name)?.data ?? [];
    const b = tensor.data;
    let largest = 0;
    let magnitude = 0;
    if (a.length !== b.length) largest = Number.POSITIVE_INFINITY;
    for (let at = 0; at < b.length; at += 1) {
      const [x, y] = [Number(a[at]), Number(b[at])];
      if (Number.isFinite(y)) magnitude = Math.max(magnitude, Math.abs(y));
      if (x === y || Object.is(x, y)) continue;
      const apart = Math.abs(x - y);
      largest = Math.max(largest, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart);
    }
    maxAbsDifference = Math.max(maxAbsDifference, largest);
    if (largest > 0) maxRelativeDifference = Math.max(maxRelativeDifference, largest / magnitude);
  }
  return { maxAbsDifference, maxRelativeDifference };
}
