import { lazily } from '../tensor/lazy.ts';
import { type Shape, sizeOf } from '../tensor/region.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { seededNormals } from './normal.ts';

/**
 * Makes the constants of a model from a seed. All are deferred, and the elements that a read produced are kept only
 * while somebody else holds them: the 553 MB of VGG16 do not stay with the zoo.
 */
export class SeededFilters {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * Normal with the variance `gain / fanIn`. He et al. (2015): a gain of 2 keeps the mean square of activations that
   * pass a ReLU, a gain of 1 that of activations that do not.
   */
  filters(name: string, shape: Shape, fanIn: number, gain: number): Tensor<'float32'> {
    return this.#deferred(name, shape, Math.sqrt(gain / fanIn));
  }

  /** Normal around zero; biases and running means. */
  small(name: string, channels: number): Tensor<'float32'> {
    return this.#deferred(name, [channels], 0.01);
  }

  /** One plus a tenth of the absolute value of a normal. */
  variance(name: string, channels: number): Tensor<'float32'> {
    return this.#deferred(name, [channels], 0.1, (value) => 1 + Math.abs(value));
  }

  #deferred(name: string, shape: Shape, deviation: number, map?: (value: number) => number) {
    const seed = this.#seed;
    return lazily('float32', shape, () => {
      const values = seededNormals(seed, name, sizeOf(shape), deviation);
      return map ? values.map(map) : values;
    });
  }
}
