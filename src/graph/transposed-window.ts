import type { Shape } from '../tensor/region.ts';
import { numbersOf, stringOf } from './attributes.ts';
import type { Node } from './graph.ts';

/** The window of a ConvTranspose, per spatial axis. */
export interface TransposedWindow {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Rows that are added behind the last window, which nothing reaches but the bias. */
  readonly outputPadding: readonly number[];
  /** Rows cut off at both ends together, of each axis. */
  readonly pads: readonly number[];
  /** Those cut off at the front; undefined where runtimes disagree on how an odd number is shared out. */
  readonly padsBegin: readonly number[] | undefined;
  readonly output: readonly number[];
}

/**
 * Input row i adds to the output rows i*s - p ... i*s - p + reach - 1:
 *
 *     input          i0      i1      i2
 *     output     [........]                    reach = (kernel - 1) * dilation + 1
 *                     [........]               s rows further on
 *                          [........] + output padding
 *
 * so out = s * (in - 1) + reach + outputPadding - pads. Where the output's shape is given (or SAME, that is in * s), the
 * pads follow from it.
 */
export function transposedWindowOf(node: Node, spatial: Shape, kernel: readonly number[]): TransposedWindow {
  const rank = spatial.length;
  const filled = (value: number) => new Array<number>(rank).fill(value);
  const strides = numbersOf(node, 'strides') ?? filled(1);
  const dilations = numbersOf(node, 'dilations') ?? filled(1);
  const outputPadding = numbersOf(node, 'output_padding') ?? filled(0);
  const autoPad = stringOf(node, 'auto_pad', 'NOTSET');
  const full = spatial.map(
    (extent, axis) =>
      strides[axis]! * (extent - 1) + (kernel[axis]! - 1) * dilations[axis]! + 1 + outputPadding[axis]!,
  );
  const same = autoPad.startsWith('SAME')
    ? spatial.map((extent, axis) => extent * strides[axis]!)
    : undefined;
  const wanted = numbersOf(node, 'output_shape')?.slice(-rank) ?? same;
  const window = { kernel, strides, dilations, outputPadding };
  if (wanted) {
    const pads = full.map((extent, axis) => extent - wanted[axis]!);
    const even = pads.every((total) => total >= 0 && total % 2 === 0);
    return { ...window, pads, padsBegin: even ? pads.map((total) => total / 2) : undefined, output: wanted };
  }
  const given = autoPad === 'VALID' ? undefined : numbersOf(node, 'pads');
  const padsBegin = given?.slice(0, rank) ?? filled(0);
  const pads = padsBegin.map((begin, axis) => begin + (given?.[axis + rank] ?? 0));
  return { ...window, pads, padsBegin, output: full.map((extent, axis) => extent - pads[axis]!) };
}
