import { describe, expect, it } from '@jest/globals';
import { scalarPasses } from '../../../src/formats/pictures/fixed-passes.ts';
import { fixedResample } from '../../../src/formats/pictures/fixed-resample.ts';
import type { Pixels } from '../../../src/formats/pictures/pixels.ts';
import { simdPasses } from '../../../src/formats/pictures/simd-passes.ts';
import type { Taps } from '../../../src/formats/pictures/taps.ts';

/** Levels at both ends, where a kernel that overshoots leaves 0 to 255. */
function picture(width: number, height: number, channels: 1 | 3): Pixels {
  const data = Uint8Array.from({ length: width * height * channels }, (_, at) => {
    const level = (at * 7919 + (at >> 3) * 104_729) % 256;
    return at % 3 === 0 ? (level & 1) * 255 : level;
  });
  return { width, height, channels, data };
}

/** Weights of both signs whose sum is 1, of `count` places in `size` pixels. */
function overshooting(size: number, count: number, taps: number): Taps {
  const starts = Int32Array.from({ length: count }, (_, at) => Math.floor((at * (size - taps)) / count));
  const weights = Float64Array.from({ length: count * taps }, (_, at) => {
    if (taps === 1) return 1;
    return at % taps === 0 ? 1.7 : -0.7 / (taps - 1);
  });
  return { taps, starts, weights };
}

describe('passes with vectors', () => {
  const passes = simdPasses()!;

  it.each([
    [40, 30, 3, 13, 11, 6],
    [17, 9, 3, 5, 7, 1],
    [5, 4, 3, 1, 1, 4],
    [33, 20, 1, 17, 9, 5],
    [90, 70, 3, 64, 64, 9],
    [3000, 60, 3, 600, 50, 30],
  ] as const)('give the bits of JavaScript: %ix%i of %i channels to %ix%i by %i taps', async (...given) => {
    const [width, height, channels, across, below, taps] = given;
    const pixels = picture(width, height, channels);
    const [columns, rows] = [overshooting(width, across, taps), overshooting(height, below, taps)];
    for (const columnsFirst of [true, false]) {
      const wanted = await fixedResample(pixels, columns, rows, columnsFirst, scalarPasses);
      const got = await fixedResample(pixels, columns, rows, columnsFirst, passes);
      expect(Buffer.compare(got.data, wanted.data)).toBe(0);
      if (taps > 1) expect(new Set(wanted.data)).toContain(255);
    }
  });
});
