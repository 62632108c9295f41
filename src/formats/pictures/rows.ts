import type { Taps } from './taps.ts';

/** The rows of a picture that any output row reads, in order, and the place of each among them (-1: not read). */
export function usedRows(
  { starts, taps, weights }: Taps,
  height: number,
): { readonly lines: readonly number[]; readonly place: Int32Array } {
  const place = new Int32Array(height).fill(-1);
  starts.forEach((start, at) => {
    for (let t = 0; t < taps; t += 1) if (weights[at * taps + t] !== 0) place[start + t] = 0;
  });
  const lines: number[] = [];
  for (let row = 0; row < height; row += 1) if (place[row] === 0) place[row] = lines.push(row) - 1;
  return { lines, place };
}
