import type { PictureInput } from '../manifest.ts';
import { lumaOf } from './luma.ts';
import type { Resized } from './pixels.ts';
import type { Extent, Placement } from './placement.ts';

/** The plane of an input that a picture fills. */
export interface Frame extends Extent {
  readonly layout: NonNullable<PictureInput['layout']>;
}

export function channelsOf({ channels }: PictureInput): number {
  return channels === 'gray' ? 1 : 3;
}

/**
 * `(level * scale - mean) / std` of each channel in its place: a resized picture, and the background where it does not
 * reach. Levels that are whole take their values from a table of 256.
 */
export function writeValues(
  resized: Resized,
  placement: Placement,
  input: PictureInput,
  { layout, width, height }: Frame,
): Float32Array {
  const channels = channelsOf(input);
  const plane = width * height;
  const values = new Float32Array(channels * plane);
  const whole = resized.data instanceof Uint8Array;
  const [left, top] = [Math.max(0, placement.left), Math.max(0, placement.top)];
  const margins = resized.width < width || resized.height < height;
  for (let channel = 0; channel < channels; channel += 1) {
    const { scale } = input;
    const [mean, std] = [input.mean[channel]!, input.std[channel]!];
    const of = (level: number) => (level * scale - mean) / std;
    const place = input.channels === 'BGR' ? channels - 1 - channel : channel;
    const [start, step] = layout === 'NCHW' ? [channel * plane, 1] : [channel, channels];
    if (margins) {
      const value = of(backgroundOf(input, place));
      for (let at = 0, write = start; at < plane; at += 1, write += step) values[write] = value;
    }
    const from = resized.channels === 1 ? 0 : place;
    const table = whole ? Float32Array.from({ length: 256 }, (_, level) => of(level)) : undefined;
    for (let y = 0; y < resized.height; y += 1) {
      let read = y * resized.width * resized.channels + from;
      let write = start + ((y + top) * width + left) * step;
      for (let x = 0; x < resized.width; x += 1, read += resized.channels, write += step) {
        const level = resized.data[read]!;
        values[write] = table ? table[level]! : of(level);
      }
    }
  }
  return values;
}

function backgroundOf({ background = [0, 0, 0], channels }: PictureInput, channel: number): number {
  const [red, green, blue] = background as [number, number, number];
  return channels === 'gray' ? lumaOf(red, green, blue) : background[channel]!;
}
