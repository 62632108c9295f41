import { type Graph, inputTypeOf } from '../graph/graph.ts';
import { ARRAYS } from '../tensor/dtype.ts';
import { Tensor } from '../tensor/tensor.ts';
import { seededNormals } from '../zoo/normal.ts';

/** Normal values of deviation 1 for every input of the model; the same seed gives the same. Whole numbers are 0 to 7. */
export function randomInputs(graph: Graph, seed = 1): Map<string, Tensor> {
  return new Map(
    graph.inputs.map((name): [string, Tensor] => {
      const { dtype, shape } = inputTypeOf(graph, name);
      const zeros = Tensor.zeros(dtype, shape);
      const values = seededNormals(seed, name, zeros.size, 1);
      if (dtype === 'float32') return [name, Tensor.of(dtype, shape, values)];
      if (dtype === 'float64') return [name, Tensor.of(dtype, shape, Float64Array.from(values))];
      // Half floats are raw bits, which must not become NaN; 0 to 7 are tiny numbers.
      const whole = Array.from(
        values,
        (value) => Math.floor(Math.abs(value) * 2) & (dtype === 'bool' ? 1 : 7),
      );
      const big = dtype === 'int64' || dtype === 'uint64';
      const data = big
        ? ARRAYS[dtype].from(whole.map(BigInt))
        : (ARRAYS[dtype] as Uint8ArrayConstructor).from(whole);
      return [name, Tensor.of(dtype, shape, data as never)];
    }),
  );
}
