/** Width and height in pixels. */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

/**
 * Where a picture lies in the model's input. A point (x, y) of the picture is at `left + x * scaleX`, `top + y * scaleY`.
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
  /** Of the picture in the input, before anything is cut off. */
  readonly scaled: Extent;
  readonly left: number;
  readonly top: number;
}

/** How a picture is fitted into the input: whole and centred, covering it, or distorted. */
export function placementOf(picture: Extent, input: Extent, fit: 'cover' | 'contain' | 'stretch'): Placement {
  if (fit === 'stretch') return { picture, scaled: input, left: 0, top: 0 };
  const ratios = [input.width / picture.width, input.height / picture.height];
  const ratio = fit === 'contain' ? Math.min(...ratios) : Math.max(...ratios);
  const scaled = {
    width: ratio === ratios[0] ? input.width : Math.max(1, Math.round(picture.width * ratio)),
    height: ratio === ratios[1] ? input.height : Math.max(1, Math.round(picture.height * ratio)),
  };
  const centred = (outer: number, inner: number) =>
    // the middle of an odd rest: what is added is less in front, and so is what is cut off
    outer >= inner ? Math.floor((outer - inner) / 2) : -Math.floor((inner - outer + 1) / 2);
  return {
    picture,
    scaled,
    left: centred(input.width, scaled.width),
    top: centred(input.height, scaled.height),
  };
}
