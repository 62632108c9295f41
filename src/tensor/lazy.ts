import { ARRAYS, type ArrayOf, type DType } from './dtype.ts';
import type { Shape } from './region.ts';
import { Tensor } from './tensor.ts';

/**
 * A deferred tensor whose elements are computed when first read and kept only as long as somebody holds them: filters
 * that are made from a seed, read from a file, widened or scaled do not stay in memory once they were sent or compiled.
 * The buffer is what is held weakly, because a shard's filters are views, which keep nothing but the buffer alive.
 */
export function lazily<D extends DType>(dtype: D, shape: Shape, produce: () => ArrayOf<D>): Tensor<D> {
  let held: { buffer: WeakRef<ArrayBufferLike>; offset: number; length: number } | undefined;
  return Tensor.deferred(dtype, shape, () => {
    const buffer = held?.buffer.deref();
    if (held && buffer)
      return new ARRAYS[dtype](buffer as ArrayBuffer, held.offset, held.length) as ArrayOf<D>;
    const made = produce();
    held = { buffer: new WeakRef(made.buffer), offset: made.byteOffset, length: made.length };
    return made;
  });
}
