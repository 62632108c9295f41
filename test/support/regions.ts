import fc from 'fast-check';
import type { Range, Region, Shape } from '../../src/tensor/region.ts';

/** A range of an axis; empty ones only where asked for. */
export function rangeOf(extent: number, { empty = false } = {}): fc.Arbitrary<Range> {
  const bound = fc.integer({ min: 0, max: extent });
  return fc
    .tuple(bound, bound)
    .map(([a, b]): Range => {
      const range: Range = [Math.min(a, b), Math.max(a, b)];
      if (empty || range[0] < range[1]) return range;
      return range[1] < extent ? [range[0], range[1] + 1] : [range[0] - 1, range[1]];
    })
    .filter(([start]) => start >= 0);
}

export function regionOf(shape: Shape, options: { empty?: boolean } = {}): fc.Arbitrary<Region> {
  return fc.tuple(...shape.map((extent) => rangeOf(extent, options)));
}

/** Indices of every element of the region, in row-major order: the slow truth that fast copies must equal. */
export function* indicesIn(region: Region): Generator<number[]> {
  const [first, ...rest] = region;
  if (!first) {
    yield [];
    return;
  }
  for (let at = first[0]; at < first[1]; at += 1) for (const tail of indicesIn(rest)) yield [at, ...tail];
}

/** Row-major position of an index. */
export function offsetOf(shape: Shape, index: readonly number[]): number {
  return index.reduce((offset, at, axis) => offset * shape[axis]! + at, 0);
}

/** The whole, and along each of the axes (default: all of more than one element) uneven bands, a first of one element. */
export function partialRegions(
  shape: Shape,
  axes: readonly number[] = shape.map((_, axis) => axis),
): Region[] {
  const whole: Region = shape.map((extent) => [0, extent] as const);
  return [
    whole,
    ...axes.flatMap((axis) => {
      const extent = shape[axis]!;
      const cuts = [...new Set([0, 1, Math.ceil(extent / 2), extent])];
      return extent === 1 ? [] : cuts.slice(1).map((end, at) => whole.with(axis, [cuts[at]!, end]));
    }),
  ];
}
