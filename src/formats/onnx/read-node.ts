import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Attribute, Body, Node } from '../../graph/graph.ts';
import { sortNodes } from '../../graph/sort.ts';
import { widenedAttribute } from './bfloat16.ts';
import { ATTRIBUTE_TYPE } from './constants.ts';
import type { ReadContext } from './context.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
} from './onnx_pb.ts';
import { readInitializers } from './read-initializers.ts';
import { decodeSparseTensor } from './sparse.ts';
import { capturedNames } from './subgraph-reads.ts';
import { decodeTensor } from './tensor-proto.ts';

/** Both names of the standard domain mean the same. */
export function domainOf(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** The nodes of a graph or a subgraph, in the order of the file, each with a name of its own. */
export function readNodes(proto: Pick<GraphProto, 'node'>, context: ReadContext): Node[] {
  const taken = new Set(proto.node.map((node) => node.name));
  const seen = new Set<string>();
  return proto.node.map((node, at) => {
    let name = node.name;
    // A name made of operator and place is the same in every reading of the file.
    if (name === '' || seen.has(name)) {
      name = `${node.opType}_${at}`;
      while (taken.has(name)) name += '_';
      taken.add(name);
    }
    seen.add(name);
    return readNode(node, name, context);
  });
}

function readNode(proto: NodeProto, name: string, context: ReadContext): Node {
  if (proto.opType === '') throw context.malformed(`the node ${name} has no operator`);
  return {
    name,
    op: proto.opType,
    domain: domainOf(proto.domain),
    inputs: proto.input,
    outputs: proto.output,
    // fromEntries defines own properties, also for a name such as __proto__.
    attributes: Object.fromEntries(
      proto.attribute.map((attribute) =>
        named(attribute, widenedAttribute(attribute.name, readAttribute(attribute, name, context)), proto),
      ),
    ),
  };
}

/** A sparse constant becomes the dense one of the same meaning. */
function named({ name }: AttributeProto, value: Attribute, { opType }: NodeProto): [string, Attribute] {
  return [
    opType === 'Constant' && name === 'sparse_value' && value.type === 'tensor' ? 'value' : name,
    value,
  ];
}

function readAttribute(proto: AttributeProto, node: string, context: ReadContext): Attribute {
  if (proto.refAttrName !== '') {
    throw context.malformed(`the node ${node} refers to an attribute of a function that it is not in`);
  }
  switch (typeOf(proto)) {
    case ATTRIBUTE_TYPE.float:
      return { type: 'float', value: proto.f ?? 0 };
    case ATTRIBUTE_TYPE.int:
      return { type: 'int', value: Number(proto.i ?? 0n) };
    case ATTRIBUTE_TYPE.floats:
      return { type: 'floats', value: proto.floats };
    case ATTRIBUTE_TYPE.ints:
      return { type: 'ints', value: proto.ints.map(Number) };
    case ATTRIBUTE_TYPE.string: {
      const value = textOf(proto.s ?? new Uint8Array());
      return value === undefined ? opaque(proto, context) : { type: 'string', value };
    }
    case ATTRIBUTE_TYPE.strings: {
      const value = proto.strings.map(textOf);
      return value.every((text) => text !== undefined) ? { type: 'strings', value } : opaque(proto, context);
    }
    case ATTRIBUTE_TYPE.tensor: {
      const { tensor } = decodeTensor(proto.t ?? new Uint8Array(), context);
      return tensor ? { type: 'tensor', value: tensor } : opaque(proto, context);
    }
    case ATTRIBUTE_TYPE.sparseTensor:
      return {
        type: 'tensor',
        value: decodeSparseTensor(proto.sparseTensor ?? new Uint8Array(), context).tensor,
      };
    default:
      return opaque(proto, context);
  }
}

/** Files older than IR version 2 do not name the type: it is that of the field that is there. */
function typeOf(proto: AttributeProto): number {
  if (proto.type !== ATTRIBUTE_TYPE.undefined) return proto.type;
  if (proto.f !== undefined) return ATTRIBUTE_TYPE.float;
  if (proto.i !== undefined) return ATTRIBUTE_TYPE.int;
  if (proto.s !== undefined) return ATTRIBUTE_TYPE.string;
  if (proto.t !== undefined) return ATTRIBUTE_TYPE.tensor;
  if (proto.floats.length > 0) return ATTRIBUTE_TYPE.floats;
  if (proto.ints.length > 0) return ATTRIBUTE_TYPE.ints;
  if (proto.strings.length > 0) return ATTRIBUTE_TYPE.strings;
  if (proto.sparseTensor !== undefined) return ATTRIBUTE_TYPE.sparseTensor;
  return ATTRIBUTE_TYPE.undefined;
}

/** Undefined for bytes that are not UTF-8: such an attribute is passed through as it is. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function opaque(proto: AttributeProto, context: ReadContext): Attribute {
  const graphs = proto.g === undefined ? proto.graphs : [proto.g, ...proto.graphs];
  const reads = new Set(graphs.flatMap((graph) => [...capturedNames(graph, context)]));
  const opaqueProto = toBinary(AttributeProtoSchema, proto);
  const [only] = proto.g === undefined ? [] : graphs;
  const body = only && graphs.length === 1 ? { body: () => readBody(only, context) } : {};
  return { type: 'opaque', proto: opaqueProto, reads: [...reads], ...body };
}

/** A subgraph, decoded. `opaque` has checked that it can be. */
function readBody(bytes: Uint8Array, context: ReadContext): Body {
  const proto = fromBinary(GraphProtoSchema, bytes, { readUnknownFields: false });
  const { nodes, cyclic } = sortNodes(readNodes(proto, context));
  if (cyclic) throw context.malformed(`the node ${cyclic.name} depends on its own output`);
  const outputs = proto.output.map(({ name }) => name);
  return { nodes, initializers: readInitializers(proto, context), outputs };
}
