import type { Pixels } from './pixels.ts';

/** The luma of ITU-R BT.601 in whole levels, with the 16 fractional bits that Pillow's mode L has. */
export function lumaOf(red: number, green: number, blue: number): number {
  return (red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16;
}

/** One channel: the luma of three, or the only one. */
export function grayOf(pixels: Pixels): Pixels {
  const { data, channels, width, height } = pixels;
  if (channels === 1) return pixels;
  const luma = new Uint8Array(width * height);
  for (let at = 0, read = 0; at < luma.length; at += 1, read += 3)
    luma[at] = lumaOf(data[read]!, data[read + 1]!, data[read + 2]!);
  return { width, height, channels: 1, data: luma };
}
