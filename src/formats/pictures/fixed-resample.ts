import { setImmediate as turn } from 'node:timers/promises';
import type { Pixels } from './pixels.ts';
import type { Taps } from './taps.ts';

/** As many fractional bits as leave room for 8 bits of the level and 2 of kernels that overshoot. */
const BITS = 32 - 8 - 2;
const HALF = 1 << (BITS - 1);
/** Products after which the event loop has a turn: some 10 ms on a desktop processor. */
const SLICE = 10_000_000;

/**
 * One axis after the other, each rounded to whole levels: bit for bit what Pillow's Image.resize gives. Which axis is first
 * can be seen where the kernel overshoots, because levels end at 0 and 255 in between.
 */
export async function fixedResample(
  pixels: Pixels,
  columns: Taps,
  rows: Taps,
  columnsFirst: boolean,
): Promise<Pixels> {
  if (!columnsFirst) return along(await down(pixels, rows, 0), columns);
  // only the rows that are read by the second pass
  const top = rows.starts.reduce((least, start) => Math.min(least, start), pixels.height);
  const bottom = rows.starts.reduce((most, start) => Math.max(most, start + rows.taps), 0);
  const line = pixels.width * pixels.channels;
  const data = pixels.data.subarray(top * line, bottom * line);
  return down(await along({ ...pixels, height: bottom - top, data }, columns), rows, top);
}

/** Each row by the weights of its columns. */
async function along(pixels: Pixels, taps: Taps): Promise<Pixels> {
  const { channels, height } = pixels;
  const width = taps.starts.length;
  const data = new Uint8Array(height * width * channels);
  const weights = fixed(taps);
  const run = channels === 3 ? threeChannels : oneChannel;
  const slice = Math.max(1, Math.floor(SLICE / (width * channels * taps.taps)));
  for (let row = 0; row < height; row += slice) {
    if (row > 0) await turn();
    run(pixels, taps, weights, data, row, Math.min(height, row + slice));
  }
  return { width, height, channels, data };
}

type RowsPass = (
  pixels: Pixels,
  taps: Taps,
  weights: Int32Array,
  target: Uint8Array,
  start: number,
  end: number,
) => void;

const threeChannels: RowsPass = ({ data, width }, { taps, starts }, weights, target, start, end) => {
  const count = starts.length;
  for (let row = start, write = start * count * 3; row < end; row += 1) {
    for (let x = 0, weight = 0; x < count; x += 1, write += 3) {
      let [red, green, blue] = [HALF, HALF, HALF];
      let read = (row * width + starts[x]!) * 3;
      for (const stop = weight + taps; weight < stop; weight += 1, read += 3) {
        const each = weights[weight]!;
        red = (red + Math.imul(data[read]!, each)) | 0;
        green = (green + Math.imul(data[read + 1]!, each)) | 0;
        blue = (blue + Math.imul(data[read + 2]!, each)) | 0;
      }
      target[write] = level(red >> BITS);
      target[write + 1] = level(green >> BITS);
      target[write + 2] = level(blue >> BITS);
    }
  }
};

const oneChannel: RowsPass = ({ data, width }, { taps, starts }, weights, target, start, end) => {
  const count = starts.length;
  for (let row = start, write = start * count; row < end; row += 1) {
    for (let x = 0, weight = 0; x < count; x += 1, write += 1) {
      let sum = HALF;
      let read = row * width + starts[x]!;
      for (const stop = weight + taps; weight < stop; weight += 1, read += 1)
        sum = (sum + Math.imul(data[read]!, weights[weight]!)) | 0;
      target[write] = level(sum >> BITS);
    }
  }
};

/** Each column by the weights of its rows; `pixels` begin with row `top` of the picture. */
async function down(pixels: Pixels, taps: Taps, top: number): Promise<Pixels> {
  const { width, channels, data: source } = pixels;
  const height = taps.starts.length;
  const line = width * channels;
  const data = new Uint8Array(height * line);
  const weights = fixed(taps);
  const sums = new Int32Array(line);
  const slice = Math.max(1, Math.floor(SLICE / (line * taps.taps)));
  for (let row = 0; row < height; row += 1) {
    if (row > 0 && row % slice === 0) await turn();
    sums.fill(HALF);
    for (let t = 0; t < taps.taps; t += 1) {
      const weight = weights[row * taps.taps + t]!;
      if (weight === 0) continue;
      const from = (taps.starts[row]! - top + t) * line;
      for (let at = 0; at < line; at += 1) sums[at] = (sums[at]! + Math.imul(source[from + at]!, weight)) | 0;
    }
    for (let at = 0, write = row * line; at < line; at += 1, write += 1)
      data[write] = level(sums[at]! >> BITS);
  }
  return { width, height, channels, data };
}

function level(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function fixed({ weights }: Taps): Int32Array {
  return Int32Array.from(weights, (weight) => Math.trunc(weight * (1 << BITS) + (weight < 0 ? -0.5 : 0.5)));
}
