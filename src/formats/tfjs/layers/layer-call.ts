import type { Shape } from '../../../tensor/region.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Config } from './config.ts';
import type { Value } from './value.ts';
import type { GraphWriter } from './writer.ts';

/** Who wrote the file, for what a layer means has changed; `keras-old` is before TensorFlow 2. */
const ORIGINS = ['tfjs', 'keras-old', 'keras-2', 'keras-3'] as const;
export type Origin = (typeof ORIGINS)[number];

/** One call of a layer, as its translator sees it. */
export interface LayerCall {
  /** Of the nodes that this call makes. */
  readonly name: string;
  /** Of the constants that all calls of the layer share. */
  readonly layer: string;
  readonly className: string;
  readonly config: Config;
  readonly inputs: readonly Value[];
  readonly graph: GraphWriter;
  readonly origin: Origin;
  /** Reports a setting that is not supported, where the shape of the output does not depend on it. */
  refuse(reason: string): void;
  /** A weight by its Keras name, or the first of several that is there; one that has another shape is refused. */
  weight(names: string | readonly string[], shape: Shape): Tensor<'float32'>;
}

/** `tfjs-layers 4.22.0`, `2.1.6`, `2.2.4-tf`, `3.3.3`; what does not say is taken for tfjs. */
export function originOf(version: unknown): Origin {
  const [, major, minor, tensorflow] = /^(\d+)\.(\d+)[.\d]*(-tf)?/.exec(String(version)) ?? [];
  if (major === undefined) return 'tfjs';
  if (Number(major) >= 3) return 'keras-3';
  return tensorflow || (Number(major) === 2 && Number(minor) >= 3) ? 'keras-2' : 'keras-old';
}

/** Writes the nodes of one call and gives its output. Throws UnsupportedLayer, ISO_ERR_MODEL_MALFORMED. */
export type Translator = (call: LayerCall, input: Value) => Value;
