import { roundEven } from './even.ts';
import type { Pixels, Resized } from './pixels.ts';
import type { Resampling } from './resampling.ts';
import { inSlices } from './slices.ts';
import type { Axis } from './taps.ts';

/** Weights are parts of 2^11. */
const ONE = 2048;

interface Pair {
  readonly first: number;
  readonly second: number;
  readonly weights: readonly [number, number];
}

/**
 * Levels as cv2.resize gives for 8 bits with INTER_LINEAR, and with INTER_AREA where an axis grows (seen with OpenCV 5.0.0): a row keeps 11 fractional bits, of which
 * 4 are cut off before it is multiplied with the weight of its row, and 16 after that, each row apart; the sum is rounded.
 */
export async function opencvLinear(
  pixels: Pixels,
  x: Axis,
  y: Axis,
  resampling: Resampling,
): Promise<Resized> {
  const { channels, data } = pixels;
  const columns = pairsOf(x, resampling, true);
  const rows = pairsOf(y, resampling, false);
  const line = x.count * channels;
  const made = new Map<number, Int32Array>();
  const rowAt = (row: number): Int32Array => {
    const known = made.get(row);
    if (known) return known;
    const target = new Int32Array(line);
    const origin = row * pixels.width * channels;
    columns.forEach(({ first, second, weights: [a, b] }, at) => {
      for (let channel = 0; channel < channels; channel += 1)
        target[at * channels + channel] =
          (data[origin + first * channels + channel]! * a +
            data[origin + second * channels + channel]! * b) >>
          4;
    });
    // output rows read downwards: only two rows are needed at a time
    if (made.size > 3) made.delete(made.keys().next().value!);
    made.set(row, target);
    return target;
  };
  const result = new Uint8Array(y.count * line);
  const rowOf = ({ first, second, weights: [a, b] }: Pair, row: number) => {
    const [upper, lower] = [rowAt(first), rowAt(second)];
    for (let at = 0, write = row * line; at < line; at += 1, write += 1)
      result[write] = (((upper[at]! * a) >> 16) + ((lower[at]! * b) >> 16) + 2) >> 2;
  };
  // two rows of two products each, and the sum of both
  await inSlices(rows.length, line * 6, (start, end) => {
    for (let row = start; row < end; row += 1) rowOf(rows[row]!, row);
  });
  return { width: x.count, height: y.count, channels, data: result };
}

/** `whole`: beyond the edge the outermost pixel gets all weight; else both weights stay, which the truncation tells apart. */
function pairsOf(axis: Axis, resampling: Resampling, whole: boolean): Pair[] {
  const { from, size } = axis;
  return Array.from({ length: axis.count }, (_, at) => {
    let [floor, part] =
      resampling.kernel === 'area' ? corner(axis.first + at, axis) : centre(axis.first + at, axis);
    if (whole && (floor < 0 || floor >= size - 1)) {
      floor = Math.min(Math.max(floor, 0), size - 1);
      part = 0;
    }
    const clamped = (pixel: number) => from + Math.min(Math.max(pixel, 0), size - 1);
    const weights = [Math.fround(1 - part), part].map((each) => roundEven(each * ONE)) as [number, number];
    return { first: clamped(floor), second: clamped(floor + 1), weights };
  });
}

/** The pixel before an output pixel's centre, and how far the centre lies behind that of the pixel, from 0 to 1. */
function centre(at: number, { size, scaled }: Axis): [pixel: number, part: number] {
  const position = Math.fround((at + 0.5) * (size / scaled) - 0.5);
  const floor = Math.floor(position);
  return [floor, Math.fround(position - floor)];
}

/** Where INTER_AREA enlarges: the pixel under the output pixel's near corner, and the part of it that the next one covers. */
function corner(at: number, { size, scaled }: Axis): [pixel: number, part: number] {
  const pixel = Math.floor(at * (size / scaled));
  const part = Math.fround(at + 1 - (pixel + 1) * (scaled / size));
  return [pixel, part <= 0 ? 0 : Math.fround(part - Math.floor(part))];
}
