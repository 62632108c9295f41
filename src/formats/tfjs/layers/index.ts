import { ACTIVATION_LAYERS } from './activations.ts';
import { CONVOLUTION_LAYERS } from './convolutions.ts';
import { DENSE_LAYERS } from './dense.ts';
import type { Translator } from './layer-call.ts';
import { MERGING_LAYERS, type Merger } from './merging.ts';
import { NORMALIZATION_LAYERS } from './normalization.ts';
import { POOLING_LAYERS } from './pooling.ts';
import { RESIZING_LAYERS } from './resizing.ts';

/** What does nothing in inference: regularisers, and random changes of training pictures. */
const NOTHING = [
  ...['Dropout', 'SpatialDropout1D', 'SpatialDropout2D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
  ...[
    'ActivityRegularization',
    'Identity',
    'RandomFlip',
    'RandomRotation',
    'RandomZoom',
    'RandomTranslation',
  ],
  ...['RandomContrast', 'RandomBrightness'],
] as const;

/** Layers of one input, by class. */
export const LAYERS: ReadonlyMap<string, Translator> = new Map([
  ...Object.entries(CONVOLUTION_LAYERS),
  ...Object.entries(DENSE_LAYERS),
  ...Object.entries(NORMALIZATION_LAYERS),
  ...Object.entries(ACTIVATION_LAYERS),
  ...Object.entries(POOLING_LAYERS),
  ...Object.entries(RESIZING_LAYERS),
  ...NOTHING.map((name): [string, Translator] => [name, (_call, input) => input]),
]);

/** Layers of several inputs, by class. */
export const MERGERS: ReadonlyMap<string, Merger> = new Map(Object.entries(MERGING_LAYERS));
