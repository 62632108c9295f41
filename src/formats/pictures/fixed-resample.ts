import { BITS, type Passes, scalarPasses } from './fixed-passes.ts';
import type { Pixels } from './pixels.ts';
import { simdPasses } from './simd-passes.ts';
import { inSlices } from './slices.ts';
import type { Taps } from './taps.ts';

let known: Passes | undefined;

/**
 * One axis after the other, each rounded to whole levels: bit for bit what Pillow's Image.resize gives, by `passes` or else
 * the fastest that there are. Which axis is first can be seen where the kernel overshoots, because levels end at 0 and 255
 * in between.
 */
export async function fixedResample(
  pixels: Pixels,
  columns: Taps,
  rows: Taps,
  columnsFirst: boolean,
  passes: Passes = fastest(),
): Promise<Pixels> {
  if (!columnsFirst) return along(await down(pixels, rows, 0, passes), columns, passes);
  // only the rows that are read by the second pass
  const top = rows.starts.reduce((least, start) => Math.min(least, start), pixels.height);
  const bottom = rows.starts.reduce((most, start) => Math.max(most, start + rows.taps), 0);
  const line = pixels.width * pixels.channels;
  const data = pixels.data.subarray(top * line, bottom * line);
  return down(await along({ ...pixels, height: bottom - top, data }, columns, passes), rows, top, passes);
}

/** Compiled with the first picture that is resized. */
function fastest(): Passes {
  known ??= simdPasses() ?? scalarPasses;
  return known;
}

async function along(pixels: Pixels, taps: Taps, passes: Passes): Promise<Pixels> {
  const { channels, height } = pixels;
  const width = taps.starts.length;
  const data = new Uint8Array(height * width * channels);
  const weights = fixed(taps);
  await inSlices(height, Math.max(pixels.width, width * taps.taps) * channels, (start, end) => {
    passes.along(pixels, taps, weights, data, start, end);
  });
  return { width, height, channels, data };
}

async function down(pixels: Pixels, taps: Taps, top: number, passes: Passes): Promise<Pixels> {
  const { width, channels } = pixels;
  const height = taps.starts.length;
  const data = new Uint8Array(height * width * channels);
  const weights = fixed(taps);
  await inSlices(height, width * channels * taps.taps, (start, end) => {
    passes.down(pixels, taps, weights, data, start, end, top);
  });
  return { width, height, channels, data };
}

function fixed({ weights }: Taps): Int32Array {
  return Int32Array.from(weights, (weight) => Math.trunc(weight * (1 << BITS) + (weight < 0 ? -0.5 : 0.5)));
}
