import type { Pixels } from './pixels.ts';
import type { Taps } from './taps.ts';

/** As many fractional bits as leave room for 8 bits of the level and 2 of kernels that overshoot. */
export const BITS = 32 - 8 - 2;
const HALF = 1 << (BITS - 1);

type RowsPass = (
  pixels: Pixels,
  taps: Taps,
  weights: Int32Array,
  target: Uint8Array,
  start: number,
  end: number,
) => void;

/** Rows [start, end) of the result of one axis, into `target`, which holds all of them; `weights` have BITS fractional bits. */
export interface Passes {
  /** Each row by the weights of its columns. */
  readonly along: RowsPass;
  /** Each column by the weights of its rows; `pixels` begin with row `top` of the picture. */
  readonly down: (...given: [...Parameters<RowsPass>, top: number]) => void;
}

/** In JavaScript, for each number of channels. */
export const scalarPasses: Passes = {
  along: (pixels, ...rest) => (pixels.channels === 3 ? threeChannels : oneChannel)(pixels, ...rest),
  down({ width, channels, data }, taps, weights, target, start, end, top) {
    const line = width * channels;
    const sums = new Int32Array(line);
    for (let row = start; row < end; row += 1) {
      sums.fill(HALF);
      for (let t = 0; t < taps.taps; t += 1) {
        const weight = weights[row * taps.taps + t]!;
        if (weight === 0) continue;
        const from = (taps.starts[row]! - top + t) * line;
        for (let at = 0; at < line; at += 1) sums[at] = (sums[at]! + Math.imul(data[from + at]!, weight)) | 0;
      }
      for (let at = 0, write = row * line; at < line; at += 1, write += 1)
        target[write] = level(sums[at]! >> BITS);
    }
  },
};

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

function level(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
