/** The kernels that a manifest names. `area` averages the pixels that an output pixel covers, each by its covered part. */
export const RESIZES = ['lanczos', 'bilinear', 'bicubic', 'nearest', 'area'] as const;
/** Whose results are given, by the library that prepared the pictures that the model was trained on. */
export const LIKES = ['torchvision', 'keras', 'opencv', 'tfjs'] as const;
/**
 * Where output pixel i of `out` reads along an axis of `size` pixels; the terms are those of the operator Resize of ONNX.
 * `half-pixel`: (i + 0.5) * size / out - 0.5. `asymmetric`: i * size / out. `align-corners`: i * (size - 1) / (out - 1).
 */
export const COORDINATES = ['half-pixel', 'asymmetric', 'align-corners'] as const;

export type Resize = (typeof RESIZES)[number];
export type Like = (typeof LIKES)[number];
export type Coordinates = (typeof COORDINATES)[number];

/** What a manifest says of resizing; what it leaves out follows from `like`, and from Pillow's LANCZOS without it. */
export interface ResizeChoice {
  readonly resize?: Resize;
  /** Whether a kernel grows with the factor by which a picture is reduced, so that every pixel of it counts. */
  readonly antialias?: boolean;
  readonly like?: Like;
  /** For `tfjs`, whose caller chooses them. */
  readonly coordinates?: Coordinates;
}

/** How the weights are applied. */
export type Arithmetic =
  /** Integer weights of 22 fractional bits, rounded to whole levels after the rows and after the columns, as Pillow does. */
  | 'pillow'
  /** Integer weights of 11 fractional bits, truncated between rows and columns, as OpenCV's INTER_LINEAR does. */
  | 'opencv-linear'
  /** Floating point, rounded to whole levels once, at the end. */
  | 'rounded'
  /** Floating point, not rounded: values may lie between levels, and beyond 0 and 255 where the kernel overshoots. */
  | 'float';

export interface Resampling {
  readonly kernel: 'nearest' | 'triangle' | 'keys-0.5' | 'keys-0.75' | 'lanczos3' | 'lanczos4' | 'area';
  readonly antialias: boolean;
  readonly coordinates: Coordinates;
  /** Beyond the edge: `crop` leaves those weights out and scales up the others, `replicate` reads the outermost pixel. */
  readonly edges: 'crop' | 'replicate';
  readonly arithmetic: Arithmetic;
  /** Fractional bits that weights are rounded to; absent where they are not. */
  readonly weightBits?: number;
  /** How a position becomes a pixel with the kernel `nearest`: libraries differ where it falls on a border of two. */
  readonly positions: 'added' | 'float32' | 'inverse' | 'float64';
}

const KERNELS = {
  lanczos: 'lanczos3',
  bilinear: 'triangle',
  bicubic: 'keys-0.5',
  nearest: 'nearest',
  area: 'area',
} as const;

/** Which kernels and antialiasing each library has, and what it does where nothing is said. */
const LIBRARIES = {
  pillow: {
    resize: 'lanczos',
    antialias: true,
    other: ['bilinear', 'bicubic', 'lanczos'],
    kernels: ['lanczos', 'bilinear', 'bicubic', 'nearest'],
  },
  // a picture of Pillow with the default antialias; a tensor without antialias
  torchvision: {
    resize: 'bilinear',
    antialias: true,
    other: ['bilinear', 'bicubic'],
    kernels: ['lanczos', 'bilinear', 'bicubic', 'nearest'],
  },
  keras: {
    resize: 'bilinear',
    antialias: false,
    other: ['bilinear', 'bicubic', 'lanczos'],
    kernels: ['lanczos', 'bilinear', 'bicubic', 'nearest'],
  },
  opencv: { resize: 'bilinear', antialias: false, other: [], kernels: RESIZES },
  tfjs: { resize: 'bilinear', antialias: false, other: [], kernels: ['bilinear', 'nearest'] },
} as const satisfies Record<Like | 'pillow', Library>;

interface Library {
  readonly resize: Resize;
  readonly antialias: boolean;
  /** The kernels whose antialiasing can be chosen other than by default. */
  readonly other: readonly Resize[];
  readonly kernels: readonly Resize[];
}

/** What of a choice its library cannot do, as texts that name the field of the manifest. */
export function resizeProblems(choice: ResizeChoice): string[] {
  const { like, antialias, coordinates } = choice;
  const library: Library = LIBRARIES[like ?? 'pillow'];
  const resize = choice.resize ?? library.resize;
  const who = like === undefined ? 'without input.like, which' : `with input.like ${like}, which`;
  const problems: string[] = [];
  if (!library.kernels.includes(resize))
    problems.push(`input.resize is ${resize} ${who} has ${library.kernels.join(', ')}`);
  else if (antialias !== undefined && antialias !== library.antialias && !library.other.includes(resize))
    problems.push(
      `input.antialias is ${antialias} for ${resize} ${who} cannot do that${like === 'opencv' ? ': its averaging is input.resize area' : ''}`,
    );
  if (coordinates !== undefined && like !== 'tfjs')
    problems.push('input.coordinates is for input.like tfjs; the other libraries leave no choice');
  return problems;
}

/** How to resample for a choice that has no problems. */
export function resamplingOf(choice: ResizeChoice): Resampling {
  const { like } = choice;
  const library: Library = LIBRARIES[like ?? 'pillow'];
  const resize = choice.resize ?? library.resize;
  const antialias = choice.antialias ?? library.antialias;
  const kernel = KERNELS[resize];
  const plain = { kernel, antialias, coordinates: 'half-pixel', edges: 'crop' } as const;
  switch (like) {
    case 'keras':
      return { ...plain, arithmetic: 'float', positions: 'float32' };
    case 'tfjs': {
      const coordinates = choice.coordinates ?? 'asymmetric';
      return { ...plain, coordinates, edges: 'replicate', arithmetic: 'float', positions: 'float64' };
    }
    case 'opencv':
      return opencv(resize);
    default: {
      if (antialias) return { ...plain, arithmetic: 'pillow', positions: 'added' };
      const torch = like === 'torchvision' && resize === 'bicubic';
      const cubic = torch ? ({ kernel: 'keys-0.75', edges: 'replicate' } as const) : {};
      return { ...plain, ...cubic, arithmetic: 'rounded', positions: 'added' };
    }
  }
}

/** cv2.resize: INTER_NEAREST counts from the corner of a pixel, the others from its centre. */
function opencv(resize: Resize): Resampling {
  const common = {
    antialias: false,
    edges: 'replicate',
    positions: 'inverse',
    coordinates: 'half-pixel',
  } as const;
  switch (resize) {
    case 'nearest':
      return { ...common, kernel: 'nearest', coordinates: 'asymmetric', arithmetic: 'rounded' };
    case 'bilinear':
      return { ...common, kernel: 'triangle', arithmetic: 'opencv-linear' };
    case 'bicubic':
      return { ...common, kernel: 'keys-0.75', arithmetic: 'rounded' };
    case 'lanczos':
      return { ...common, kernel: 'lanczos4', arithmetic: 'rounded', weightBits: 11 };
    case 'area':
      return { ...common, kernel: 'area', arithmetic: 'rounded' };
  }
}
