import { IsobathError, reasonOf } from '../base/errors.ts';
import type { Shape } from '../tensor/region.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { PictureInput } from './manifest.ts';
import { type Extent, type Placement, placementOf } from './placement.ts';
import { isPicture, sniff } from './sniff.ts';
import { bytesOfSource, nameOf, type Source, unreadable } from './source.ts';

/** 64 megapixels: more than cameras have, while a small file that unpacks to gigabytes is refused before decoding. */
const MAX_PIXELS = 64_000_000;

const BLACK = { r: 0, g: 0, b: 0 };

/**
 * Decodes a JPEG, PNG, WebP, GIF or TIFF (of an animation the first picture) into a float32 tensor of `shape`
 * [1, C, H, W] or [1, H, W, C], each value `(pixel * scale - mean) / std`. Turned upright by its EXIF orientation, transparency laid
 * on black, resized with the Lanczos kernel of three lobes; and where in the tensor the picture lies. Throws ISO_ERR_INPUT_NOT_FOUND, ISO_ERR_INPUT_UNREADABLE,
 * and ISO_ERR_INPUT_MISMATCH where no picture fits `shape`. `file` names the picture in an error.
 */
export async function readPlacedImage(
  source: Source,
  input: PictureInput,
  shape: Shape,
  file: string = nameOf(source),
): Promise<{ tensor: Tensor<'float32'>; placement: Placement }> {
  const frame = frameOf(shape, input);
  if (!frame) {
    const channels = channelsOf(input);
    const made = { NCHW: `[1, ${channels}, height, width]`, NHWC: `[1, height, width, ${channels}]` };
    throw IsobathError.of('ISO_ERR_INPUT_MISMATCH', {
      input: input.name,
      got: `a picture, which makes ${input.layout ? made[input.layout] : `${made.NCHW} or ${made.NHWC}`}`,
      want: `[${shape.join(', ')}]`,
    });
  }
  const bytes = await bytesOfSource(source);
  if (!isPicture(sniff(bytes))) throw unreadable(file, 'its first bytes are not those of a picture');
  try {
    const { pixels, placement } = await decode(bytes, input, frame);
    return { tensor: Tensor.of('float32', shape, normalised(pixels, input, frame)), placement };
  } catch (error) {
    throw unreadable(file, reasonOf(error), error);
  }
}

interface Frame extends Extent {
  readonly layout: NonNullable<PictureInput['layout']>;
}

function channelsOf({ channels }: PictureInput): number {
  return channels === 'gray' ? 1 : 3;
}

/** Where the channels are is told by their number; a shape that could be either is taken for NCHW, unless said. */
export function frameOf(shape: Shape, input: PictureInput): Frame | undefined {
  const [batch, ...rest] = shape;
  if (shape.length !== 4 || batch !== 1 || rest.some((extent) => extent < 1)) return undefined;
  const wanted = channelsOf(input);
  const [a, b, c] = rest as [number, number, number];
  if (a === wanted && input.layout !== 'NHWC') return { layout: 'NCHW', height: b, width: c };
  return c === wanted && input.layout !== 'NCHW' ? { layout: 'NHWC', height: a, width: b } : undefined;
}

/** Pixels of 8 bits, row by row, the channels of a pixel side by side. */
async function decode(
  bytes: Uint8Array,
  input: PictureInput,
  { width, height }: Extent,
): Promise<{ pixels: Uint8Array; placement: Placement }> {
  // Loaded with the first picture: an agent that only runs shards never needs it.
  const { default: sharp } = await import('sharp');
  const original = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' });
  const upright = (await original.metadata()).autoOrient;
  const placement = placementOf(upright, { width, height }, input.fit);
  const { scaled, left, top } = placement;
  const [r, g, b] = input.background ?? [0, 0, 0];
  const resized = original
    .autoOrient()
    .flatten({ background: BLACK })
    .resize(scaled.width, scaled.height, { fit: 'fill', kernel: 'lanczos3' });
  const picture =
    left < 0 || top < 0
      ? resized.extract({ left: -left, top: -top, width, height })
      : resized.extend({
          ...{ left, top, right: width - scaled.width - left, bottom: height - scaled.height - top },
          background: { r: r!, g: g!, b: b! },
        });
  picture.removeAlpha();
  const converted = input.channels === 'gray' ? picture.toColourspace('b-w') : picture.toColourspace('srgb');
  const { data, info } = await converted.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const wanted = channelsOf(input) * width * height;
  if (data.length !== wanted)
    throw new Error(`it decodes to ${info.channels} channels of ${info.width}x${info.height}`);
  return { pixels: data, placement };
}

/** Interleaved pixels, to planes or not, in one pass: a pixel has 256 values, so a table per channel does the arithmetic. */
function normalised(pixels: Uint8Array, input: PictureInput, { layout, height, width }: Frame): Float32Array {
  const channels = channelsOf(input);
  const plane = height * width;
  const values = new Float32Array(pixels.length);
  for (let channel = 0; channel < channels; channel += 1) {
    const table = Float32Array.from({ length: 256 }, (_, pixel) => {
      return (pixel * input.scale - input.mean[channel]!) / input.std[channel]!;
    });
    const from = input.channels === 'BGR' ? channels - 1 - channel : channel;
    const [start, step] = layout === 'NCHW' ? [channel * plane, 1] : [channel, channels];
    for (let at = 0, read = from, write = start; at < plane; at += 1, read += channels, write += step)
      values[write] = table[pixels[read]!]!;
  }
  return values;
}
