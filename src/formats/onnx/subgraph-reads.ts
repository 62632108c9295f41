import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { audit } from './audit.ts';
import { BFLOAT16, namesBfloat16 } from './bfloat16.ts';
import { WIRE } from './constants.ts';
import { LIMITS, type ReadContext } from './context.ts';
import { type GraphProto, GraphProtoSchema, SparseTensorProtoSchema } from './onnx_pb.ts';

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
  refuseBfloat16(graph, context);
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

/** A subgraph is passed on as it is, while the tensors around it that were bfloat16 become float32. */
function refuseBfloat16(graph: GraphProto, context: ReadContext): void {
  const values = [...graph.input, ...graph.output, ...graph.valueInfo];
  const attributes = graph.node.flatMap((node) => node.attribute);
  const tensors = [...graph.initializer, ...attributes.flatMap(({ t }) => t ?? [])];
  if (
    values.some(({ type }) => type?.value.case === 'tensorType' && type.value.value.elemType === BFLOAT16) ||
    attributes.some(({ name, i }) => namesBfloat16(name, Number(i ?? 0n))) ||
    tensors.some((tensor) => dataTypeOf(tensor, context) === BFLOAT16)
  ) {
    throw context.unsupported('a subgraph (the body of an If, a Loop or a Scan) holds bfloat16 values');
  }
}

function dataTypeOf(tensor: Uint8Array, context: ReadContext): number {
  return context.decode('a tensor of a subgraph', () => {
    const reader = new BinaryReader(tensor);
    let type = 0;
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (field === 2 && wire === WIRE.varint) type = reader.int32();
      else reader.skip(wire, field);
    }
    return type;
  });
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
