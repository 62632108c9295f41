import type { OutputInfo, Sharp } from 'sharp';
import type { Pixels } from './pixels.ts';

/** 64 megapixels: more than cameras have, while a small file that unpacks to gigabytes is refused before decoding. */
const MAX_PIXELS = 64_000_000;

/**
 * A JPEG, PNG, WebP, GIF or TIFF in its own size, upright by its EXIF orientation, as three channels RGB, or as one where it
 * has no colours. As Pillow, OpenCV and TensorFlow decode: colour profiles are ignored, of 16 bits the upper 8 count, the
 * inks of CMYK are multiplied. Transparency is laid on black. Rejects with an Error of the decoder.
 */
export async function decodePicture(bytes: Uint8Array): Promise<Pixels> {
  // Loaded with the first picture: an agent that only runs shards never needs it.
  const { default: sharp } = await import('sharp');
  const picture = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', ignoreIcc: true });
  const { space } = await picture.metadata();
  // Nothing resizes here: before it does, sharp lets the JPEG decoder reduce, which averages blocks of pixels.
  const { data, info } = await inSpace(picture.autoOrient(), space)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return space === 'cmyk' ? flattened(info, data, inks) : opaque(info, data);
}

function inSpace(picture: Sharp, space: string): Sharp {
  if (space === 'cmyk') return picture.pipelineColourspace('cmyk').toColourspace('cmyk');
  return picture.toColourspace(space === 'b-w' || space === 'grey16' ? 'b-w' : 'srgb');
}

function opaque(info: OutputInfo, data: Uint8Array): Pixels {
  if (info.channels === 1 || info.channels === 3) return { ...sizeOf(info), channels: info.channels, data };
  return flattened(info, data, layered);
}

function sizeOf({ width, height }: OutputInfo): { readonly width: number; readonly height: number } {
  return { width, height };
}

/** Pixels with one channel less than `data` has: the last one multiplies the others. */
function flattened(
  info: OutputInfo,
  data: Uint8Array,
  product: (level: number, last: number) => number,
): Pixels {
  const channels = info.channels - 1;
  const result = new Uint8Array(info.width * info.height * channels);
  for (let read = 0, write = 0; write < result.length; read += 1) {
    const last = data[read + channels]!;
    for (let channel = 0; channel < channels; channel += 1, read += 1, write += 1)
      result[write] = product(data[read]!, last);
  }
  return { ...sizeOf(info), channels, data: result };
}

/** Over black, rounded. */
function layered(level: number, alpha: number): number {
  return Math.round((level * alpha) / 255);
}

/** The light that an ink and black leave: each takes its part. */
function inks(ink: number, black: number): number {
  return Math.round(((255 - ink) * (255 - black)) / 255);
}
