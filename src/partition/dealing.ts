import type { Range } from '../tensor/region.ts';

/**
 * Makes parts 0 .. count-1 in order, each of them by `make(from, to)`, a half-open range of parts. A part that cannot
 * be made alone (all of it is padding, say) goes together with the next, the last one with those before it. Undefined
 * where not even all parts together can be made.
 */
export function madeInOrder<T>(
  count: number,
  make: (from: number, to: number) => T | undefined,
): T[] | undefined {
  const made: { readonly from: number; readonly value: T }[] = [];
  let from = 0;
  for (let to = 1; to <= count; to += 1) {
    let value = make(from, to);
    while (value === undefined && to === count && made.length > 0) {
      from = made.pop()!.from;
      value = make(from, to);
    }
    if (value === undefined) continue;
    made.push({ from, value });
    from = to;
  }
  return from === count ? made.map(({ value }) => value) : undefined;
}

/** As `madeInOrder`, for adjacent ranges, one per worker; a worker with an empty range gets nothing. */
export function dealt<T>(
  ranges: readonly Range[],
  make: (range: Range, worker: number) => T | undefined,
): T[] | undefined {
  const busy = ranges.flatMap(([start, end], worker) => (start < end ? [{ start, end, worker }] : []));
  return madeInOrder(busy.length, (from, to) => {
    const last = busy[to - 1]!;
    return make([busy[from]!.start, last.end], last.worker);
  });
}
