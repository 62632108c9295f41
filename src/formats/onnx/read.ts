import { fromBinary } from '@bufbuild/protobuf';
import { type Graph, type Node, readsOf, writesOf } from '../../graph/graph.ts';
import { widenFloat16 } from '../../graph/passes/widen-float16.ts';
import { sortNodes } from '../../graph/sort.ts';
import type { Tensor, TensorType } from '../../tensor/tensor.ts';
import { audit } from './audit.ts';
import { LIMITS, ReadContext } from './context.ts';
import { inlineFunctions } from './functions/inline.ts';
import { lift } from './lift/lift.ts';
import { type GraphProto, type ModelProto, ModelProtoSchema } from './onnx_pb.ts';
import { otherFormat } from './other-formats.ts';
import { readInitializers } from './read-initializers.ts';
import { domainOf, readNodes } from './read-node.ts';
import { declaredType, inputTypes } from './value-info.ts';

export interface ReadOptions {
  /** The name that errors give to the model. */
  readonly file: string;
  /** In or below which external-data files may lie; without it a model that needs them is refused. */
  readonly folder?: string;
  /** Shapes of inputs whose dimensions the model leaves open. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** `widen` (the default) makes a model with float16 filters a float32 one: few devices compute in half precision. */
  readonly float16?: 'widen' | 'keep';
  /** Told the path, relative to `folder`, of each file of external data that the model reads, some more than once. */
  readonly onExternalFile?: (name: string) => void;
}

/**
 * An ONNX model as a graph: nodes sorted and named, constants as views on `bytes` where they are aligned. `types`
 * holds inputs, constants and whatever the model declares; `inferTypes` completes it.
 * Throws ISO_ERR_MODEL_MALFORMED, _UNSUPPORTED, _TOO_LARGE, _DYNAMIC_SHAPE, ISO_ERR_EXTERNAL_DATA,
 * ISO_ERR_INPUT_MISMATCH or ISO_ERR_SHAPE_INVALID, and nothing else, whatever the bytes are.
 */
export function readOnnx(bytes: Uint8Array, options: ReadOptions): Graph {
  const context = new ReadContext(options.file, options.folder, options.onExternalFile);
  const { file, shapes = {}, float16 = 'widen' } = options;
  const model = decodeModel(bytes, context);
  if (!model.graph) throw context.malformed('it holds no graph');
  const opsets = readOpsets(model);
  const proto = inlineFunctions(model, model.graph, opsets, context);
  const initializers = readInitializers(proto, context);
  const types = new Map<string, TensorType>();
  const inputs = readInputs(proto, initializers, shapes, types, context);
  const nodes = readNodes(proto, context);
  const outputs = proto.output.map((output) => output.name);
  const read = {
    name: proto.name,
    opsets: Object.fromEntries(opsets),
    inputs,
    outputs,
    nodes: orderedNodes(nodes, inputs, outputs, initializers, context),
    initializers,
    types,
  };
  const graph = lift(read, context);
  if (float16 === 'keep') return graph;
  return widenFloat16(graph, (reason) => context.unsupported(`${reason} (${file} has float16 filters)`));
}

function decodeModel(bytes: Uint8Array, context: ReadContext): ModelProto {
  if (bytes.length === 0) throw context.malformed('it is empty');
  if (bytes.length > LIMITS.fileBytes) throw context.fileTooLarge(bytes.length);
  const other = otherFormat(bytes);
  if (other) throw context.malformed(other);
  return context.decode('it is not protobuf', () => {
    // A Buffer would hand out Buffers, whose slice() does not copy.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    audit(plain, 'model', context);
    return fromBinary(ModelProtoSchema, plain, { readUnknownFields: false });
  });
}

function readOpsets(model: ModelProto): Map<string, number> {
  const versions = model.opsetImport.map(
    ({ domain, version }) => [domainOf(domain), Number(version)] as const,
  );
  // Files of IR version 1 and 2 have no import: they mean the first operator set.
  return new Map(versions.length === 0 ? [['', 1]] : versions);
}

/** The live inputs, and the types of everything that is declared. IR version 3 lists constants as inputs, too. */
function readInputs(
  proto: GraphProto,
  initializers: ReadonlyMap<string, Tensor>,
  shapes: Readonly<Record<string, readonly number[]>>,
  types: Map<string, TensorType>,
  context: ReadContext,
): string[] {
  const live = proto.input.filter((input) => !initializers.has(input.name));
  const inputs = live.map((input) => input.name);
  if (inputs.includes('')) throw context.malformed('an input has no name');
  const seen = new Set<string>();
  const twice = inputs.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw context.malformed(`the input ${twice} is there twice`);
  const { types: own, symbols } = inputTypes(live, shapes, context);
  for (const [name, type] of own) types.set(name, type);
  for (const [name, { dtype, shape }] of initializers) types.set(name, { dtype, shape });
  for (const value of [...proto.valueInfo, ...proto.output]) {
    const type = types.has(value.name) ? undefined : declaredType(value, symbols, context);
    if (type) types.set(value.name, type);
  }
  return inputs;
}

/** Checks that every tensor is made once and before it is read, and sorts the nodes. */
function orderedNodes(
  nodes: readonly Node[],
  inputs: readonly string[],
  outputs: readonly string[],
  initializers: ReadonlyMap<string, Tensor>,
  context: ReadContext,
): Node[] {
  const made = new Set([...inputs, ...initializers.keys()]);
  for (const node of nodes) {
    for (const name of writesOf(node)) {
      if (made.has(name)) throw context.malformed(`the tensor ${name} is made twice`);
      made.add(name);
    }
  }
  for (const node of nodes) {
    const missing = readsOf(node).find((name) => !made.has(name));
    if (missing !== undefined)
      throw context.malformed(`the node ${node.name} reads ${missing}, which nothing makes`);
  }
  if (outputs.length === 0) throw context.malformed('its graph has no output');
  const missing = outputs.find((name) => !made.has(name));
  if (missing !== undefined) throw context.malformed(`nothing makes the output ${missing}`);
  if (new Set(outputs).size < outputs.length) throw context.malformed('an output is there twice');
  const { nodes: sorted, cyclic } = sortNodes(nodes);
  if (cyclic) throw context.malformed(`the node ${cyclic.name} depends on its own output`);
  return sorted;
}
