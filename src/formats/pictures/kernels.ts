import type { Resampling } from './resampling.ts';

/** A resampling kernel: zero from `radius` on, in pixels of the coarser of both grids. */
export interface Kernel {
  readonly radius: number;
  readonly weight: (distance: number) => number;
}

/** Of each name but `nearest` and `area`, which are no functions of a distance. */
export const KERNEL_FUNCTIONS: Readonly<Record<Exclude<Resampling['kernel'], 'nearest' | 'area'>, Kernel>> = {
  triangle: { radius: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  'keys-0.5': keys(-0.5),
  'keys-0.75': keys(-0.75),
  lanczos3: lanczos(3),
  lanczos4: lanczos(4),
};

/** The cubic convolution kernel of R. G. Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981), eq. 4. */
function keys(a: number): Kernel {
  const weight = (distance: number): number => {
    const x = Math.abs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  };
  return { radius: 2, weight };
}

/** sinc(x) * sinc(x / lobes) within the lobes. */
function lanczos(lobes: number): Kernel {
  const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));
  return { radius: lobes, weight: (x) => (Math.abs(x) < lobes ? sinc(x) * sinc(x / lobes) : 0) };
}
