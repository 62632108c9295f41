import type { ArrayOf, DType } from '../../src/tensor/dtype.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

/** Tensors as they go from process to process. */
export type PlainTensors = readonly {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ArrayOf<DType>;
}[];

export function plain(tensors: ReadonlyMap<string, Tensor>): PlainTensors {
  return [...tensors].map(([name, { dtype, shape, data }]) => ({ name, dtype, shape, data }));
}

export function revived(tensors: PlainTensors): Map<string, Tensor> {
  return new Map(tensors.map(({ name, dtype, shape, data }) => [name, Tensor.of(dtype, shape, data)]));
}
