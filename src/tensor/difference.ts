import type { Tensor } from './tensor.ts';

export interface Difference {
  /** Largest |a - b| over all elements of all outputs. */
  readonly maxAbsDifference: number;
  /** Largest, over the outputs, of that divided by the output's own largest magnitude. */
  readonly maxRelativeDifference: number;
}

type Outputs = ReadonlyMap<string, Tensor>;

/** How far two values of one output are apart. */
export interface Distance {
  readonly output: string;
  /** Largest |a - b|; infinite where an element is a number in one only, or their number differs. */
  readonly largest: number;
  /** Of the wanted output: its largest finite |b|. */
  readonly magnitude: number;
}

/** How far `got` is from `wanted`, for each output that is wanted. */
export function distancesOf(got: Outputs, wanted: Outputs): Distance[] {
  return [...wanted].map(([output, tensor]) => {
    const a = got.get(output)?.data ?? [];
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
    return { output, largest, magnitude };
  });
}

/** How far `got` is from `wanted`, by output name. An element that is a number in one only is infinitely far. */
export function differenceOf(got: Outputs, wanted: Outputs): Difference {
  return mostOf(distancesOf(got, wanted));
}

export function mostOf(distances: readonly Distance[]): Difference {
  const relative = distances.map(({ largest, magnitude }) => (largest > 0 ? largest / magnitude : 0));
  return {
    maxAbsDifference: Math.max(0, ...distances.map(({ largest }) => largest)),
    maxRelativeDifference: Math.max(0, ...relative),
  };
}
