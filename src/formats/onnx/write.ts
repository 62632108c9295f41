import { create, toBinary } from '@bufbuild/protobuf';
import { IsobathError } from '../../base/errors.ts';
import { DATA_TYPE } from '../../graph/data-types.ts';
import type { Graph } from '../../graph/graph.ts';
import { isBranching } from '../../graph/passes/inline-branches.ts';
import { bytesOf, type Tensor, type TensorType } from '../../tensor/tensor.ts';
import { LIMITS } from './context.ts';
import { GraphProtoSchema, ModelProtoSchema, type ValueInfoProto, ValueInfoProtoSchema } from './onnx_pb.ts';
import { nodeProto } from './write-node.ts';
import { externalTensorProto, fieldHead, tensorHead } from './write-tensor.ts';

/** GraphProto.initializer and ModelProto.graph. */
const INITIALIZER_FIELD = 5;
const GRAPH_FIELD = 7;
/** At most: a tag and the varint of a 32-bit length. */
const HEAD_BYTES = 6;

export interface WriteOptions {
  /** Names the file that holds a constant's elements, instead of the model; undefined embeds it. */
  readonly external?: (name: string, tensor: Tensor) => { readonly location: string } | undefined;
}

/**
 * The graph as an ONNX model; equal graphs give equal bytes. Elements are copied once, into one buffer of the final
 * size, and deferred ones are held one at a time. Throws ISO_ERR_MODEL_TOO_LARGE past 2 GiB, which protobuf cannot hold.
 */
export function writeOnnx(graph: Graph, options: WriteOptions = {}): Uint8Array {
  const parts: (Uint8Array | Tensor)[] = [];
  let embedded = 0;
  for (const [name, tensor] of graph.initializers) {
    const location = options.external?.(name, tensor)?.location;
    if (location === undefined) {
      embedded += tensor.byteLength;
      checkSize(graph, embedded);
      const head = tensorHead(name, tensor);
      parts.push(fieldHead(INITIALIZER_FIELD, head.length + tensor.byteLength), head, tensor);
    } else {
      const proto = externalTensorProto(name, tensor, location);
      parts.push(fieldHead(INITIALIZER_FIELD, proto.length), proto);
    }
  }
  const body = graphBody(graph);
  const graphLength = body.length + lengthOf(parts);
  const model = modelHead(graph);
  checkSize(graph, model.length + HEAD_BYTES + graphLength);
  return assemble([model, fieldHead(GRAPH_FIELD, graphLength), body, ...parts]);
}

function checkSize(graph: Graph, bytes: number): void {
  if (bytes <= LIMITS.fileBytes) return;
  const what = `The model ${graph.name} as one file`;
  throw IsobathError.of('ISO_ERR_MODEL_TOO_LARGE', { what, bytes, limit: LIMITS.fileBytes });
}

function assemble(parts: readonly (Uint8Array | Tensor)[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part instanceof Uint8Array ? part : bytesOf(part.data), at);
    at += part.byteLength;
  }
  return bytes;
}

function lengthOf(parts: readonly (Uint8Array | Tensor)[]): number {
  return parts.reduce((sum, part) => sum + part.byteLength, 0);
}

function modelHead(graph: Graph): Uint8Array {
  const opsets = Object.entries(graph.opsets).sort(([a], [b]) => (a < b ? -1 : 1));
  const proto = create(ModelProtoSchema, {
    irVersion: irVersionFor(graph.opsets[''] ?? 1),
    producerName: 'isobath',
    opsetImport: opsets.map(([domain, version]) => ({ domain, version: BigInt(version) })),
  });
  return toBinary(ModelProtoSchema, proto);
}

/** The file format's version: 8 is read by every runtime in use, and newer operator sets came with newer ones. */
function irVersionFor(opset: number): bigint {
  if (opset <= 18) return 8n;
  if (opset <= 20) return 9n;
  return opset <= 22 ? 10n : 11n;
}

/** The graph without its constants. */
function graphBody(graph: Graph): Uint8Array {
  // Where shapes are fixed, runtimes check both branches of an If against them, also the one that is never taken with
  // such shapes, and refuse the model; where they are open, only the branch that is taken has to fit.
  const open = graph.nodes.some(isBranching);
  const value = (name: string) => valueInfo(name, graph.types.get(name), open);
  const faces = new Set([...graph.inputs, ...graph.outputs, ...graph.initializers.keys()]);
  const inner = graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== '' && !faces.has(name));
  const proto = create(GraphProtoSchema, {
    // The standard wants a name.
    name: graph.name || 'graph',
    node: graph.nodes.map(nodeProto),
    input: graph.inputs.map(value),
    output: graph.outputs.map(value),
    valueInfo: open ? [] : inner.filter((name) => graph.types.has(name)).map(value),
  });
  return toBinary(GraphProtoSchema, proto);
}

/** Without a type the runtime infers one, or the value is no tensor. With `open`, every extent of the shape is left open. */
function valueInfo(name: string, type: TensorType | undefined, open: boolean): ValueInfoProto {
  if (!type) return create(ValueInfoProtoSchema, { name });
  const dim = type.shape.map((extent) =>
    open ? {} : { value: { case: 'dimValue' as const, value: BigInt(extent) } },
  );
  const value = { elemType: DATA_TYPE[type.dtype], shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value } } });
}
