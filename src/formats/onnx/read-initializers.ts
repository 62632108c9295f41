import type { Tensor } from '../../tensor/tensor.ts';
import type { ReadContext } from './context.ts';
import type { GraphProto } from './onnx_pb.ts';
import { decodeTensor } from './tensor-proto.ts';

/** The constants of a graph or a subgraph. */
export function readInitializers(
  proto: Pick<GraphProto, 'initializer'>,
  context: ReadContext,
): Map<string, Tensor> {
  const initializers = new Map<string, Tensor>();
  for (const bytes of proto.initializer) {
    const { name, tensor } = decodeTensor(bytes, context);
    if (name === '') throw context.malformed('a constant has no name');
    if (!tensor)
      throw context.unsupported(`the constant ${name} has an element type that Isobath does not hold`);
    if (initializers.has(name)) throw context.malformed(`the constant ${name} is there twice`);
    initializers.set(name, tensor);
  }
  return initializers;
}
