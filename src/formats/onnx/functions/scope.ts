import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { audit } from '../audit.ts';
import { WIRE } from '../constants.ts';
import { LIMITS, type ReadContext } from '../context.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
} from '../onnx_pb.ts';
import { tensorName } from '../subgraph-reads.ts';

/** TensorProto.name. */
const NAME_FIELD = 8;

/** What a body's names and attribute references stand for at one call. */
export interface Scope {
  readonly names: ReadonlyMap<string, string>;
  /** Of the call, or the function's default; undefined where neither has it. */
  attribute(name: string): AttributeProto | undefined;
  /** A name that nothing in the model has. */
  fresh(name: string): string;
  /** A name that nothing in the function defines: a function sees nothing of where it is called. */
  unknown(name: string): Error;
  readonly context: ReadContext;
}

/** A node of a body, with the names and attributes that it has at the call. */
export function nodeInScope(node: NodeProto, prefix: string, scope: Scope, depth = 0): NodeProto {
  const { context } = scope;
  context.spendStructure(2 + node.input.length + node.output.length + node.attribute.length, 0);
  return create(NodeProtoSchema, {
    ...node,
    name: `${prefix}/${node.name || node.opType}`,
    input: node.input.map((name) => nameInScope(name, scope)),
    output: node.output.map((name) => nameInScope(name, scope)),
    attribute: node.attribute.flatMap((attribute) => attributeInScope(attribute, prefix, scope, depth)),
  });
}

function nameInScope(name: string, scope: Scope): string {
  if (name === '') return '';
  const found = scope.names.get(name);
  if (found === undefined) throw scope.unknown(name);
  return found;
}

/** An attribute that refers to one which the call leaves out is left out, too. */
function attributeInScope(
  attribute: AttributeProto,
  prefix: string,
  scope: Scope,
  depth: number,
): AttributeProto[] {
  if (attribute.refAttrName !== '') {
    const given = scope.attribute(attribute.refAttrName);
    return given ? [create(AttributeProtoSchema, { ...given, name: attribute.name, refAttrName: '' })] : [];
  }
  if (subgraphsOf(attribute).length === 0) return [attribute];
  const inner = (bytes: Uint8Array) => graphInScope(bytes, prefix, scope, depth + 1);
  const bodies = { ...(attribute.g && { g: inner(attribute.g) }), graphs: attribute.graphs.map(inner) };
  return [create(AttributeProtoSchema, { ...attribute, ...bodies })];
}

export function decodeSubgraph(bytes: Uint8Array, context: ReadContext): GraphProto {
  return context.decode('a subgraph', () => {
    audit(bytes, 'graph', context);
    return fromBinary(GraphProtoSchema, bytes, { readUnknownFields: false });
  });
}

export function encodeSubgraph(graph: GraphProto): Uint8Array {
  return toBinary(GraphProtoSchema, graph);
}

/** A subgraph of a body: its own names become fresh ones, so that they hide nothing of the model. */
function graphInScope(bytes: Uint8Array, prefix: string, outer: Scope, depth: number): Uint8Array {
  const { context } = outer;
  if (depth > LIMITS.nesting)
    throw context.malformed(`subgraphs are nested more than ${LIMITS.nesting} deep`);
  const graph = decodeSubgraph(bytes, context);
  if (graph.sparseInitializer.length > 0)
    throw context.unsupported('a subgraph of a function has sparse filters');
  const constants = graph.initializer.map((tensor) => tensorName(tensor, context));
  const names = new Map(outer.names);
  const made = graph.node.flatMap((node) => node.output);
  for (const name of new Set([...graph.input.map(({ name }) => name), ...constants, ...made])) {
    if (name !== '') names.set(name, outer.fresh(`${prefix}/${name}`));
  }
  const scope = { ...outer, names };
  const renamed = <T extends { name: string }>(value: T): T => ({
    ...value,
    name: nameInScope(value.name, scope),
  });
  return encodeSubgraph({
    ...graph,
    node: graph.node.map((node) => nodeInScope(node, prefix, scope, depth)),
    initializer: graph.initializer.map((tensor, at) => withName(tensor, nameInScope(constants[at]!, scope))),
    input: graph.input.map(renamed),
    output: graph.output.map(renamed),
    valueInfo: graph.valueInfo.filter(({ name }) => names.has(name)).map(renamed),
  });
}

/** Of a field that is there twice the last one counts. */
function withName(tensor: Uint8Array, name: string): Uint8Array {
  const field = new BinaryWriter().tag(NAME_FIELD, WIRE.bytes).string(name).finish();
  return Buffer.concat([tensor, field]);
}

/** The subgraphs that an attribute holds. */
export function subgraphsOf({ g, graphs }: AttributeProto): readonly Uint8Array[] {
  return g === undefined ? graphs : [g, ...graphs];
}
