import type { Range } from '../tensor/region.ts';
import type { Assignment } from './scheme.ts';
import type { Shard } from './shard.ts';

/** Extents up to here are told apart; of larger ones those that differ by a tenth. */
const FEW = 8;

/**
 * For each part along an axis, a text that is the same for those that differ in where they lie only: in the middle or at one
 * of the ends, with as many rows (or columns). Undefined for a part that gets nothing. `ranges` are by region and part.
 */
export function placesOf(ranges: readonly (readonly Range[])[]): (string | undefined)[] {
  const extents = ranges[0]!.map((_, at) => ranges.map((cut) => cut[at]![1] - cut[at]![0]));
  const busy = extents.map((each) => each.some((extent) => extent > 0));
  const [first, last] = [busy.indexOf(true), busy.lastIndexOf(true)];
  return extents.map((each, at) => {
    const sizes = each.map((extent) => (extent <= FEW ? extent : Math.round(FEW + 10 * Math.log(extent))));
    return busy[at] ? `${at === first ? '[' : ''}${sizes}${at === last ? ']' : ''}` : undefined;
  });
}

/** One assignment per part that gets something; the shard is made for the first of those with the same place. */
export function madeOnce(
  places: readonly (string | undefined)[],
  make: (part: number) => Shard | undefined,
): Assignment[] {
  const made = new Map<string, Shard | undefined>();
  return places.flatMap((place, part) => {
    if (place === undefined) return [];
    if (!made.has(place)) made.set(place, make(part));
    const shard = made.get(place);
    return shard ? [{ worker: part, shard }] : [];
  });
}
