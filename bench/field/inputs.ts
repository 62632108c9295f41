import { randomInputs } from '../../src/cli/random-input.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { ARRAYS } from '../../src/tensor/dtype.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

/** Seeded random inputs, but those of `values`, each element of which has the value that is given. */
export function inputsOf(graph: Graph, values: Readonly<Record<string, number>>): Map<string, Tensor> {
  const inputs = randomInputs(graph);
  for (const [name, value] of Object.entries(values)) {
    const { dtype, shape, size } = inputs.get(name)!;
    const element = dtype === 'int64' || dtype === 'uint64' ? BigInt(value) : value;
    inputs.set(name, Tensor.of(dtype, shape, new ARRAYS[dtype](size).fill(element as never) as never));
  }
  return inputs;
}
