import type { Pixels, Resized } from './pixels.ts';
import type { Taps } from './taps.ts';

/** As many fractional bits as leave room for 8 bits of the level and 2 of kernels that overshoot. */
const BITS = 32 - 8 - 2;

/**
 * Rows first, then columns, each rounded to whole levels: bit for bit what Pillow's Image.resize gives. Between slices of
 * work the event loop goes on.
 */
export async function fixedResample(pixels: Pixels, columns: Taps, rows: Taps): Promise<Resized> {
  const { channels } = pixels;
  const [width, height] = [columns.starts.length, rows.starts.length];
  const top = rows.starts.reduce((least, start) => Math.min(least, start), pixels.height);
  const bottom = rows.starts.reduce((most, start) => Math.max(most, start + rows.taps), 0);
  const line = width * channels;
  const between = new Uint8Array((bottom - top) * line);
  const fixedColumns = fixed(columns);
  for (let row = top; row < bottom; row += 1)
    rowOf(pixels, row, columns, fixedColumns, between.subarray((row - top) * line, (row - top + 1) * line));
  const fixedRows = fixed(rows);
  const data = new Uint8Array(height * line);
  const sums = new Int32Array(line);
  for (let row = 0; row < height; row += 1) {
    sums.fill(1 << (BITS - 1));
    for (let t = 0; t < rows.taps; t += 1) {
      const weight = fixedRows[row * rows.taps + t]!;
      if (weight === 0) continue;
      const source = (rows.starts[row]! - top + t) * line;
      for (let at = 0; at < line; at += 1) sums[at] = (sums[at]! + Math.imul(between[source + at]!, weight)) | 0;
    }
    for (let at = 0, write = row * line; at < line; at += 1, write += 1) data[write] = level(sums[at]! >> BITS);
  }
  return { width, height, channels, data };
}

function rowOf(
  { data, width, channels }: Pixels,
  row: number,
  { taps, starts }: Taps,
  weights: Int32Array,
  target: Uint8Array,
): void {
  const origin = row * width * channels;
  for (let x = 0; x < starts.length; x += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      let sum = 1 << (BITS - 1);
      for (let t = 0, at = origin + starts[x]! * channels + channel; t < taps; t += 1, at += channels)
        sum = (sum + Math.imul(data[at]!, weights[x * taps + t]!)) | 0;
      target[x * channels + channel] = level(sum >> BITS);
    }
  }
}

function level(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function fixed({ weights }: Taps): Int32Array {
  return Int32Array.from(weights, (weight) => Math.trunc(weight * (1 << BITS) + (weight < 0 ? -0.5 : 0.5)));
}
