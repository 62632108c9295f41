import type { ArrayOf, DType } from './dtype.ts';
import type { Shape } from './region.ts';
import { Tensor } from './tensor.ts';

/**
 * A deferred tensor whose elements are computed when first read and kept only as long as somebody holds them: filters
 * that are read from a file, widened or scaled do not stay in memory once they were sent or compiled.
 */
export function lazily<D extends DType>(dtype: D, shape: Shape, produce: () => ArrayOf<D>): Tensor<D> {
  let held: WeakRef<ArrayOf<D>> | undefined;
  return Tensor.deferred(dtype, shape, () => {
    const kept = held?.deref();
    if (kept) return kept;
    const made = produce();
    held = new WeakRef(made);
    return made;
  });
}
