/** Sizes per axis. A scalar has the shape []. */
export type Shape = readonly number[];

/** Half-open: `start` belongs to it, `end` does not. */
export type Range = readonly [start: number, end: number];

/** A box in a tensor: one half-open range per axis. */
export type Region = readonly Range[];

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

export function wholeRegion(shape: Shape): Region {
  return shape.map((extent) => [0, extent] as const);
}

export function regionShape(region: Region): number[] {
  return region.map(([start, end]) => end - start);
}

export function regionSize(region: Region): number {
  let size = 1;
  for (let axis = 0; axis < region.length; axis += 1) size *= region[axis]![1] - region[axis]![0];
  return size;
}

/** The whole of `shape`, but `range` on `axis`. */
export function axisRegion(shape: Shape, axis: number, range: Range): Region {
  return shape.map((extent, at) => (at === axis ? range : ([0, extent] as const)));
}

export function isWhole(region: Region, shape: Shape): boolean {
  return region.every(([start, end], axis) => start === 0 && end === shape[axis]);
}

export function sameRegion(a: Region, b: Region): boolean {
  if (a === b) return true;
  return (
    a.length === b.length && a.every((range, axis) => range[0] === b[axis]![0] && range[1] === b[axis]![1])
  );
}

/** True where every range lies within its axis and none is reversed. */
export function fitsWithin(region: Region, shape: Shape): boolean {
  return (
    region.length === shape.length &&
    region.every(([start, end], axis) => start >= 0 && start <= end && end <= shape[axis]!)
  );
}

/**
 * The region as runs of neighbouring elements: `length` elements each, at the element offsets that `offsets` yields in
 * row-major order. Trailing axes that the region covers whole are merged into the run, so a channel range of an
 * NCHW tensor with N = 1 is one single run.
 *
 *     [0,1) x [2,4) x [0,H) x [0,W) of 1 x C x H x W   ->   one run of 2*H*W elements at 2*H*W
 */
export function runsOf(
  shape: Shape,
  region: Region,
): { length: number; count: number; offsetOf(run: number): number } {
  let axis = shape.length;
  let length = 1;
  while (axis > 0) {
    const [start, end] = region[axis - 1]!;
    const extent = shape[axis - 1]!;
    length *= end - start;
    axis -= 1;
    if (end - start !== extent) break;
  }
  const strides: number[] = new Array(shape.length);
  for (let at = shape.length - 1, stride = 1; at >= 0; at -= 1) {
    strides[at] = stride;
    stride *= shape[at]!;
  }
  let base = 0;
  for (let at = 0; at < shape.length; at += 1) base += region[at]![0] * strides[at]!;
  const outer = region.slice(0, axis).map(([start, end]) => end - start);
  return {
    length,
    count: length === 0 ? 0 : sizeOf(outer),
    offsetOf(run) {
      let offset = base;
      let rest = run;
      for (let at = axis - 1; at >= 0; at -= 1) {
        offset += (rest % outer[at]!) * strides[at]!;
        rest = Math.floor(rest / outer[at]!);
      }
      return offset;
    },
  };
}
