import type { Tensor } from '../../tensor/tensor.ts';
import type { ReadContext } from './context.ts';
import type { GraphProto } from './onnx_pb.ts';
import { decodeSparseTensor } from './sparse.ts';
import { decodeTensor } from './tensor-proto.ts';

/** The constants of a graph or a subgraph; sparse ones become dense. */
export function readInitializers(
  proto: Pick<GraphProto, 'initializer' | 'sparseInitializer'>,
  context: ReadContext,
): Map<string, Tensor> {
  const initializers = new Map<string, Tensor>();
  const add = (name: string, tensor: Tensor) => {
    if (name === '') throw context.malformed('a constant has no name');
    if (initializers.has(name)) throw context.malformed(`the constant ${name} is there twice`);
    initializers.set(name, tensor);
  };
  for (const bytes of proto.initializer) {
    const { name, tensor } = decodeTensor(bytes, context);
    if (!tensor)
      throw context.unsupported(`the constant ${name} has an element type that Isobath does not hold`);
    add(name, tensor);
  }
  for (const bytes of proto.sparseInitializer) {
    const { name, tensor } = decodeSparseTensor(bytes, context);
    add(name, tensor);
  }
  return initializers;
}
