/** A line y = intercept + slope x, and how far the points lie from it. */
export interface Line {
  readonly intercept: number;
  readonly slope: number;
  /** Median distance of a point from the line, as a share of what the line says there. */
  readonly spread: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The value below which the share `q` of the values lies, interpolated. NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const [below = Number.NaN, above = below] = [sorted[low], sorted[low + 1]];
  return below + (above - below) * (at - low);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Median absolute deviation as a share of the median: 0.1 says that half the values lie within 10 % of it. */
export function relativeSpread(values: readonly number[]): number {
  const middle = median(values);
  const deviation = median(values.map((value) => Math.abs(value - middle)));
  return middle > 0 ? deviation / middle : 0;
}

/** Half of the weight lies below it. */
export function weightedMedian(
  entries: readonly { readonly value: number; readonly weight: number }[],
): number {
  const sorted = entries.filter(({ weight }) => weight > 0).sort((a, b) => a.value - b.value);
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let below = 0;
  for (const { value, weight } of sorted) {
    below += weight;
    if (below >= half) return value;
  }
  return Number.NaN;
}

/**
 * The line through noisy points of which some are far off: the weighted median of the slopes of all pairs (Theil and
 * Sen; weights are the distances in x, after Jaeckel), so that the noise of two near points says little. The intercept
 * is the median rest of the points with small x, where the rest is nearly all there is. Neither is negative: what is
 * measured here are times.
 */
export function robustLine(points: readonly Point[]): Line {
  const slopes = points.flatMap((a, at) =>
    points.slice(at + 1).flatMap((b) => {
      const distance = Math.abs(b.x - a.x);
      return distance > 0 ? [{ value: (b.y - a.y) / (b.x - a.x), weight: distance }] : [];
    }),
  );
  const slope = slopes.length > 0 ? Math.max(0, weightedMedian(slopes)) : 0;
  const middle = median(points.map(({ x }) => x));
  const small = points.filter(({ x }) => x <= middle);
  const intercept = Math.max(0, median(small.map(({ x, y }) => y - slope * x)));
  const distances = points.map(({ x, y }) => {
    const said = intercept + slope * x;
    return said > 0 ? Math.abs(y - said) / said : 0;
  });
  return { intercept, slope, spread: median(distances) };
}
