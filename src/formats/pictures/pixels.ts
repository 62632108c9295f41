/** Levels of 0 to 255, row by row, the channels of a pixel side by side. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** As `Pixels`; with fractions, and beyond 0 and 255, where the arithmetic does not round. */
export interface Resized {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array | Float32Array;
}
