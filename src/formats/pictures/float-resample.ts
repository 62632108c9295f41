import type { Pixels, Resized } from './pixels.ts';
import { usedRows } from './rows.ts';
import type { Taps } from './taps.ts';

/** Rows first, then columns, in floating point; `rounded` to whole levels of 0 to 255, a half away from zero. */
export function floatResample(pixels: Pixels, columns: Taps, rows: Taps, rounded: boolean): Resized {
  const { channels } = pixels;
  const [width, height] = [columns.starts.length, rows.starts.length];
  const line = width * channels;
  const { lines, place } = usedRows(rows, pixels.height);
  const between = new Float32Array(lines.length * line);
  lines.forEach((row, at) => {
    rowOf(pixels, row, columns, between.subarray(at * line, (at + 1) * line));
  });
  const data = new Float32Array(height * line);
  for (let row = 0; row < height; row += 1) {
    for (let t = 0; t < rows.taps; t += 1) {
      const weight = rows.weights[row * rows.taps + t]!;
      if (weight === 0) continue;
      const source = place[rows.starts[row]! + t]! * line;
      const target = row * line;
      for (let at = 0; at < line; at += 1) data[target + at]! += between[source + at]! * weight;
    }
  }
  return { width, height, channels, data: rounded ? levels(data) : data };
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

function levels(values: Float32Array): Uint8Array {
  // the array rounds a half to the even level, as torch.round and OpenCV do, and keeps within 0 and 255
  return new Uint8Array(Uint8ClampedArray.from(values).buffer);
}
