import { ARRAYS, type ArrayOf, type DType, elementBytes } from './dtype.ts';
import { type Shape, sizeOf } from './region.ts';

/** Element type and static shape: all that shape inference and the estimator need to know of a tensor. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * An n-dimensional array in row-major order; feature maps are NCHW. The data may be deferred: filters of a zoo
 * model or a cut of a filter bank cost nothing until somebody reads `data`.
 */
export class Tensor<D extends DType = DType> implements TensorType {
  readonly dtype: D;
  readonly shape: Shape;
  readonly #produce: () => ArrayOf<D>;

  private constructor(dtype: D, shape: Shape, produce: () => ArrayOf<D>) {
    this.dtype = dtype;
    this.shape = shape;
    this.#produce = produce;
  }

  /** `data` is kept, not copied. Throws RangeError when its length is not the product of `shape`. */
  static of<D extends DType>(dtype: D, shape: Shape, data: ArrayOf<D>): Tensor<D> {
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(`${data.length} elements do not fill the shape [${shape.join(', ')}]`);
    }
    return new Tensor(dtype, shape, () => data);
  }

  static zeros<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
    return Tensor.of(dtype, shape, new ARRAYS[dtype](sizeOf(shape)) as ArrayOf<D>);
  }

  static float32(shape: Shape, data: ArrayLike<number> | Float32Array): Tensor<'float32'> {
    return Tensor.of('float32', shape, data instanceof Float32Array ? data : Float32Array.from(data));
  }

  /** `produce` runs whenever `data` is read and must give the same elements each time; it decides what to keep. */
  static deferred<D extends DType>(dtype: D, shape: Shape, produce: () => ArrayOf<D>): Tensor<D> {
    return new Tensor(dtype, shape, produce);
  }

  /** The elements. Read it once and keep the array: a deferred tensor may compute it anew each time. */
  get data(): ArrayOf<D> {
    return this.#produce();
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get byteLength(): number {
    return this.size * elementBytes(this.dtype);
  }

  /** The same elements under another shape of the same size. */
  reshaped(shape: Shape): Tensor<D> {
    if (sizeOf(shape) !== this.size) throw new RangeError(`[${this.shape}] cannot be reshaped to [${shape}]`);
    return new Tensor(this.dtype, shape, this.#produce);
  }
}

/** The bytes of an array's elements, as a view. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export function isFloat32(tensor: Tensor): tensor is Tensor<'float32'> {
  return tensor.dtype === 'float32';
}
