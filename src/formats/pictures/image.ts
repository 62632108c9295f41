import { IsobathError, reasonOf } from '../../base/errors.ts';
import type { Shape } from '../../tensor/region.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { PictureInput } from '../manifest.ts';
import { isPicture, sniff } from '../sniff.ts';
import { bytesOfSource, nameOf, type Source, unreadable } from '../source.ts';
import { decodePicture } from './decode.ts';
import { grayOf } from './luma.ts';
import type { Pixels } from './pixels.ts';
import { type Extent, geometryOf, type Placement } from './placement.ts';
import { resample } from './resample.ts';
import { resamplingOf } from './resampling.ts';
import { channelsOf, type Frame, writeValues } from './values.ts';

/**
 * Decodes a JPEG, PNG, WebP, GIF or TIFF (of an animation the first picture) into a float32 tensor of `shape`
 * [1, C, H, W] or [1, H, W, C], each value `(pixel * scale - mean) / std`, and says where in the tensor the picture lies. Turned
 * upright by its EXIF orientation, transparency laid on black, resized as `input` says (without a word as Pillow's
 * LANCZOS). Throws ISO_ERR_INPUT_NOT_FOUND, ISO_ERR_INPUT_UNREADABLE, and ISO_ERR_INPUT_MISMATCH where no picture fits
 * `shape`. `file` names the picture in an error.
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
  let pixels: Pixels;
  try {
    pixels = await decodePicture(bytes);
  } catch (error) {
    throw unreadable(file, reasonOf(error), error);
  }
  const { values, placement } = await filled(pixels, input, frame);
  return { tensor: Tensor.of('float32', shape, values), placement };
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

async function filled(
  decoded: Pixels,
  input: PictureInput,
  frame: Frame,
): Promise<{ values: Float32Array; placement: Placement }> {
  const pixels = input.channels === 'gray' ? grayOf(decoded) : decoded;
  const picture: Extent = { width: pixels.width, height: pixels.height };
  const { placement, x, y } = geometryOf(picture, frame, input.fit, input.like);
  const resized = await resample(pixels, x, y, resamplingOf(input));
  return { values: writeValues(resized, placement, input, frame), placement };
}
