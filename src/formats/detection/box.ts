import type { Placement } from '../pictures/placement.ts';

/** Left, top, right, bottom. */
export type Corners = readonly [x1: number, y1: number, x2: number, y2: number];

/** How sure it is, is not known of every point. */
export type Keypoint = readonly [x: number, y: number] | readonly [x: number, y: number, score: number];

/** The share of the area of both boxes together that they have in common; 0 for boxes without area. */
export function intersectionOverUnion(a: Corners, b: Corners): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (!(width > 0 && height > 0)) return 0;
  const common = width * height;
  return common / (areaOf(a) + areaOf(b) - common);
}

function areaOf([x1, y1, x2, y2]: Corners): number {
  return (x2 - x1) * (y2 - y1);
}

export const ENCODINGS = ['corners', 'corners-yx', 'centre', 'centre-yx'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Four numbers of a model as corners. `centre` is centre x, centre y, width, height; `-yx` has y before x. */
export function cornersOf(encoding: Encoding, a: number, b: number, c: number, d: number): Corners {
  switch (encoding) {
    case 'corners':
      return ordered(a, b, c, d);
    case 'corners-yx':
      return ordered(b, a, d, c);
    case 'centre':
      return [a - c / 2, b - d / 2, a + c / 2, b + d / 2];
    case 'centre-yx':
      return [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
  }
}

/** Two opposite corners, whichever comes first. */
function ordered(x1: number, y1: number, x2: number, y2: number): Corners {
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
}

/** A box in pixels of the model's input, in pixels of the picture, cut at its edges: left, top, width, height. */
export function inPicture(
  [x1, y1, x2, y2]: Corners,
  placement: Placement,
): readonly [x: number, y: number, width: number, height: number] {
  const [left, top] = pointInPicture(x1, y1, placement);
  const [right, bottom] = pointInPicture(x2, y2, placement);
  return [left, top, right - left, bottom - top];
}

/** A point in pixels of the model's input, in pixels of the picture, moved onto its edge where it lies outside. */
export function pointInPicture(
  x: number,
  y: number,
  { picture, scaled, left, top }: Placement,
): readonly [x: number, y: number] {
  return [
    clamped(((x - left) * picture.width) / scaled.width, picture.width),
    clamped(((y - top) * picture.height) / scaled.height, picture.height),
  ];
}

function clamped(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
