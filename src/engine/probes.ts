import { ARRAYS } from '../tensor/dtype.ts';
import { Tensor, type TensorType } from '../tensor/tensor.ts';
import { seededNormals } from '../zoo/normal.ts';

/** Makes up an input of the model. */
type Probe = (input: string, type: TensorType) => Tensor;

const zeros: Probe = (_, { dtype, shape }) => Tensor.zeros(dtype, shape);

/** Floating-point values of deviation 1; whole numbers are 1, which is an index and a size nearly everywhere. */
const mixed: Probe = (input, { dtype, shape }) => {
  const { size } = Tensor.zeros(dtype, shape);
  if (dtype === 'float32') return Tensor.of(dtype, shape, seededNormals(1, input, size, 1));
  if (dtype === 'float64') {
    return Tensor.of(dtype, shape, Float64Array.from(seededNormals(1, input, size, 1)));
  }
  // 1 in half precision
  if (dtype === 'float16') return Tensor.of(dtype, shape, new Uint16Array(size).fill(0x3c00));
  const wide = dtype === 'int64' || dtype === 'uint64';
  const data = new ARRAYS[dtype](size);
  return Tensor.of(dtype, shape, data.fill((wide ? 1n : 1) as never) as never);
};

/** A tensor whose shape depends on the inputs has another one in each, or cannot be made of one of them. */
export const PROBES: readonly Probe[] = [zeros, mixed];
