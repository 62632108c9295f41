import type { Window } from '../../graph/window.ts';
import type { Range, Region, Shape } from '../../tensor/region.ts';

/** What a window needs of its input to make some rows (columns, ...) of its output. */
export interface Halo {
  readonly ranges: readonly Range[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
}

/**
 * The input ranges under output ranges, per spatial axis; where they reach past the border, the rest is padding.
 *
 *     output rows        [  a  .....  b )
 *     input rows    [ a*s-p ...... (b-1)*s-p+reach )      clipped to [0, extent), the clipped part becomes the pads
 */
export function haloOf(window: Window, spatial: Shape, output: readonly Range[]): Halo {
  const padsBegin: number[] = [];
  const padsEnd: number[] = [];
  const ranges = output.map(([start, end], axis): Range => {
    const stride = window.strides[axis]!;
    const reach = (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;
    const from = start * stride - window.padsBegin[axis]!;
    const to = (end - 1) * stride - window.padsBegin[axis]! + reach;
    const low = Math.min(Math.max(0, from), spatial[axis]!);
    const high = Math.max(low, Math.min(spatial[axis]!, to));
    padsBegin.push(low - from);
    padsEnd.push(to - high);
    return [low, high];
  });
  return { ranges, padsBegin, padsEnd };
}

/** True where `region` of an N x C x ... tensor covers every row and column. */
export function isWholePlane(region: Region, shape: Shape): boolean {
  return region.every(([start, end], axis) => axis < 2 || (start === 0 && end === shape[axis]));
}
