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
  const places: (string | undefined)[] = [];
  let [first, last] = [-1, -1];
  for (let at = 0; at < ranges[0]!.length; at += 1) {
    let [place, busy] = ['', false];
    for (const cut of ranges) {
      const extent = cut[at]![1] - cut[at]![0];
      place += `${extent <= FEW ? extent : Math.round(FEW + 10 * Math.log(extent))} `;
      if (extent > 0) busy = true;
    }
    places.push(busy ? place : undefined);
    if (!busy) continue;
    if (first < 0) first = at;
    last = at;
  }
  if (first >= 0) places[first] = `[${places[first]}`;
  if (last >= 0) places[last] += ']';
  return places;
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
