import type { Pixels, Resized } from './pixels.ts';
import { usedRows } from './rows.ts';
import { inSlices } from './slices.ts';
import type { Taps } from './taps.ts';

/** Rows first, then columns, in floating point; `rounded` to whole levels of 0 to 255, a half to the even one. */
export async function floatResample(
  pixels: Pixels,
  columns: Taps,
  rows: Taps,
  rounded: boolean,
  exact: boolean,
): Promise<Resized> {
  const { channels } = pixels;
  const [width, height] = [columns.starts.length, rows.starts.length];
  const line = width * channels;
  const { lines, place } = usedRows(rows, pixels.height);
  const between = new Float32Array(lines.length * line);
  await inSlices(lines.length, line * columns.taps, (start, end) => {
    for (let at = start; at < end; at += 1)
      rowOf(pixels, lines[at]!, columns, between.subarray(at * line, (at + 1) * line));
  });
  const size = height * line;
  // a clamped array rounds a half to the even level, as torch.round and OpenCV do, and keeps within 0 and 255
  const data = rounded ? new Uint8ClampedArray(size) : new Float32Array(size);
  // weights of few bits make sums that are exact in float64; the others are summed as the libraries do
  const sums = exact ? new Float64Array(line) : new Float32Array(line);
  await inSlices(height, line * rows.taps, (start, end) => {
    for (let row = start; row < end; row += 1) {
      sums.fill(0);
      for (let t = 0; t < rows.taps; t += 1) {
        const weight = rows.weights[row * rows.taps + t]!;
        if (weight === 0) continue;
        const source = place[rows.starts[row]! + t]! * line;
        for (let at = 0; at < line; at += 1) sums[at]! += between[source + at]! * weight;
      }
      data.set(sums, row * line);
    }
  });
  const levels = data instanceof Float32Array ? data : new Uint8Array(data.buffer);
  return { width, height, channels, data: levels };
}

function rowOf(
  { data, width, channels }: Pixels,
  row: number,
  { taps, starts, weights }: Taps,
  target: Float32Array,
): void {
  const origin = row * width * channels;
  for (let x = 0; x < starts.length; x += 1) {
    const from = origin + starts[x]! * channels;
    for (let channel = 0; channel < channels; channel += 1) {
      let sum = 0;
      for (let t = 0, at = from + channel; t < taps; t += 1, at += channels)
        sum += data[at]! * weights[x * taps + t]!;
      target[x * channels + channel] = sum;
    }
  }
}
