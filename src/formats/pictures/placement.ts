import { roundEven } from './even.ts';
import type { Like } from './resampling.ts';
import type { Axis } from './taps.ts';

/** Width and height in pixels. */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

/**
 * Where a picture lies in the model's input. Point (x, y) of the picture, in pixels from its upper left corner, is at
 * `left + x * scaled.width / picture.width`, and so for y: corners fall on corners, whatever pixels a kernel reads.
 *
 *     contain:  +-----------+     cover:  +---+-----+---+
 *               |  padding  |             |   |     |   |
 *               +-----------+             |cut|     |cut|
 *               |  picture  |             |   |     |   |
 *               +-----------+             +---+-----+---+
 *               |  padding  |             left < 0
 *               +-----------+
 */
export interface Placement {
  /** Of the picture, upright. */
  readonly picture: Extent;
  /** Of the picture in the input, before anything is cut off; no whole number where it was cut before it was resized. */
  readonly scaled: Extent;
  readonly left: number;
  readonly top: number;
}

export type Fit = 'cover' | 'contain' | 'stretch';

/** A placement, and how to resample each axis for it. */
export interface Geometry {
  readonly placement: Placement;
  readonly x: Axis;
  readonly y: Axis;
}

/**
 * How a picture is fitted into the input: whole and centred, covering it, or distorted. Libraries round differently: `like`
 * torchvision covers as Resize and CenterCrop, `like` keras as image_dataset_from_directory with crop_to_aspect_ratio, and
 * contains as tf.image.resize_with_pad.
 */
export function geometryOf(picture: Extent, input: Extent, fit: Fit, like?: Like): Geometry {
  if (fit === 'cover' && like === 'keras') return cropped(picture, input);
  const scaled = fit === 'stretch' ? input : scaledExtent(picture, input, fit, like);
  // resize_with_pad centres what it would be without rounding
  const exact = fit === 'contain' && like === 'keras';
  const ratio = Math.min(input.width / picture.width, input.height / picture.height);
  const across = exact ? picture.width * ratio : scaled.width;
  const down = exact ? picture.height * ratio : scaled.height;
  const x = along(picture.width, input.width, scaled.width, across, like);
  const y = along(picture.height, input.height, scaled.height, down, like);
  return { placement: { picture, scaled, left: x.offset, top: y.offset }, x: x.axis, y: y.axis };
}

/** Whole pixels, at least one. */
function scaledExtent(picture: Extent, input: Extent, fit: Fit, like: Like | undefined): Extent {
  const ratios = [input.width / picture.width, input.height / picture.height];
  const ratio = fit === 'contain' ? Math.min(...ratios) : Math.max(...ratios);
  const truncates = fit === 'contain' ? like === 'keras' : like === 'torchvision';
  // multiplied before it is divided, so that a whole number stays one when it is truncated
  const rest = (size: number, wanted: number, by: number) =>
    Math.max(1, truncates ? Math.floor((size * wanted) / by) : roundEven(size * (wanted / by)));
  return ratio === ratios[0]
    ? {
        width: input.width,
        height: ratio === ratios[1] ? input.height : rest(picture.height, input.width, picture.width),
      }
    : { width: rest(picture.width, input.height, picture.height), height: input.height };
}

function along(
  size: number,
  wanted: number,
  scaled: number,
  centred: number,
  like: Like | undefined,
): { offset: number; axis: Axis } {
  if (wanted >= scaled) {
    // the middle of an odd rest: what is added is less in front
    const offset = Math.floor((wanted - centred) / 2);
    return { offset, axis: { from: 0, size, scaled, first: 0, count: scaled } };
  }
  const cut = scaled - wanted;
  // what is cut off is more in front; CenterCrop of torchvision rounds a half to the even number
  const first =
    like === 'torchvision' ? Math.floor(cut / 2) + (cut % 4 === 3 ? 1 : 0) : Math.floor((cut + 1) / 2);
  return { offset: -first, axis: { from: 0, size, scaled, first, count: wanted } };
}

/** Cut to the input's ratio of width to height first, then resized. */
function cropped(picture: Extent, input: Extent): Geometry {
  const width = Math.min(picture.width, Math.trunc((picture.height * input.width) / input.height));
  const height = Math.min(picture.height, Math.trunc((picture.width * input.height) / input.width));
  const axis = (size: number, kept: number, wanted: number): Axis => ({
    from: Math.trunc((size - kept) / 2),
    size: kept,
    scaled: wanted,
    first: 0,
    count: wanted,
  });
  const x = axis(picture.width, Math.max(1, width), input.width);
  const y = axis(picture.height, Math.max(1, height), input.height);
  const [across, down] = [x.scaled / x.size, y.scaled / y.size];
  const scaled = { width: picture.width * across, height: picture.height * down };
  return { placement: { picture, scaled, left: -x.from * across, top: -y.from * down }, x, y };
}
