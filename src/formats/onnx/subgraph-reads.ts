import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { audit } from './audit.ts';
import { WIRE } from './constants.ts';
import { LIMITS, type ReadContext } from './context.ts';
import { GraphProtoSchema, SparseTensorProtoSchema } from './onnx_pb.ts';

/**
 * The outer tensors that a subgraph (the body of an If or a Loop) reads. A subgraph sees every name of the graphs
 * around it, so what it does not define itself it captures.
 */
export function capturedNames(bytes: Uint8Array, context: ReadContext, depth = 1): Set<string> {
  if (depth > LIMITS.nesting)
    throw context.malformed(`subgraphs are nested more than ${LIMITS.nesting} deep`);
  const graph = context.decode('a subgraph', () => {
    audit(bytes, 'graph', context);
    return fromBinary(GraphProtoSchema, bytes, { readUnknownFields: false });
  });
  const read = new Set<string>();
  const defined = new Set(graph.input.map((input) => input.name));
  for (const tensor of graph.initializer) defined.add(tensorName(tensor, context));
  for (const sparse of graph.sparseInitializer) {
    const { values } = context.decode('a sparse tensor', () => fromBinary(SparseTensorProtoSchema, sparse));
    defined.add(tensorName(values, context));
  }
  for (const node of graph.node) {
    for (const name of node.input) read.add(name);
    for (const name of node.output) defined.add(name);
    for (const attribute of node.attribute) {
      const bodies = attribute.g === undefined ? attribute.graphs : [attribute.g, ...attribute.graphs];
      for (const body of bodies) for (const name of capturedNames(body, context, depth + 1)) read.add(name);
    }
  }
  for (const output of graph.output) read.add(output.name);
  read.delete('');
  for (const name of defined) read.delete(name);
  return read;
}

/** Only the name is decoded: the rest of the tensor stays bytes. */
export function tensorName(bytes: Uint8Array, context: ReadContext): string {
  return context.decode('a tensor of a subgraph', () => {
    const reader = new BinaryReader(bytes);
    let name = '';
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (field === 8 && wire === WIRE.bytes) name = reader.string(true);
      else reader.skip(wire, field);
    }
    return name;
  });
}
