import { fixedResample } from './fixed-resample.ts';
import { floatResample } from './float-resample.ts';
import { opencvLinear } from './opencv-linear.ts';
import type { Pixels, Resized } from './pixels.ts';
import type { Resampling } from './resampling.ts';
import { type Axis, tapsOf } from './taps.ts';

/** The wanted part of a picture that is resized: `x.count` by `y.count` pixels. */
export async function resample(pixels: Pixels, x: Axis, y: Axis, resampling: Resampling): Promise<Resized> {
  const { arithmetic, kernel } = resampling;
  const grows = x.scaled > x.size || y.scaled > y.size;
  if (arithmetic === 'opencv-linear' || (kernel === 'area' && grows))
    return opencvLinear(pixels, x, y, resampling);
  const [columns, rows] = [tapsOf(x, resampling), tapsOf(y, resampling)];
  if (arithmetic === 'pillow') return fixedResample(pixels, columns, rows, columnsFirst(x, y));
  const exact = resampling.weightBits !== undefined;
  return floatResample(pixels, columns, rows, arithmetic === 'rounded' || kernel === 'nearest', exact);
}

/** As Pillow 13.0.0 decides: earlier versions always begin with the columns. */
function columnsFirst(x: Axis, y: Axis): boolean {
  const lost = y.size - y.scaled;
  return lost <= 0 || lost <= 2 * (x.size - x.scaled);
}
