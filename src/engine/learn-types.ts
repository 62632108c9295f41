import { IsobathError } from '../base/errors.ts';
import { foreignTensors } from '../graph/foreign-types.ts';
import { type Graph, subgraph } from '../graph/graph.ts';
import { inferTypes, openTensors, unknownTensors } from '../graph/infer.ts';
import { Tensor, type TensorType } from '../tensor/tensor.ts';
import type { Engine } from './engine.ts';
import { UnheldOutputs } from './unheld.ts';

/**
 * Completes `types` by running the part of the graph that leads to tensors of unknown shape once, on zeros: that is how
 * the output of an operator that Isobath does not know is learnt. Tensors whose shape differs from run to run, and those
 * whose elements Isobath does not hold, stay without a type, and stay with the master. Throws ISO_ERR_SHAPE_UNKNOWN,
 * and ISO_ERR_TENSOR_TYPE where the model gives out elements that Isobath does not hold.
 */
export async function learnTypes(graph: Graph, engine: Engine): Promise<Graph> {
  return learn(inferTypes(graph), engine, new Set(foreignTensors(graph).keys()));
}

async function learn(inferred: Graph, engine: Engine, unheld: ReadonlySet<string>): Promise<Graph> {
  const open = openTensors(inferred);
  const unknown = unknownTensors(inferred).filter((tensor) => !open.has(tensor) && !unheld.has(tensor));
  if (unknown.length === 0) return inferred;
  const probe = subgraph(inferred, inferred.nodes, new Set(unknown), `${inferred.name} (shapes)`);
  const inputs = probe.inputs.map((name) => {
    const type = inferred.types.get(name)!;
    return Tensor.zeros(type.dtype, type.shape);
  });
  const types = new Map<string, TensorType>(inferred.types);
  try {
    const program = await engine.compile(probe);
    const { outputs } = await program.run(inputs).finally(() => program.dispose());
    probe.outputs.forEach((name, at) => {
      const { dtype, shape } = outputs[at]!;
      types.set(name, { dtype, shape });
    });
  } catch (error) {
    const { cause } = error as Error;
    if (cause instanceof UnheldOutputs) {
      if (inferred.outputs.some((name) => cause.names.has(name))) throw error;
      return learn(inferred, engine, new Set([...unheld, ...cause.names]));
    }
    const tensor = unknown[0]!;
    const op = inferred.nodes.find(({ outputs }) => outputs.includes(tensor))?.op ?? 'an operator';
    throw IsobathError.of('ISO_ERR_SHAPE_UNKNOWN', { tensor, op }, error);
  }
  return inferTypes({ ...inferred, types });
}
