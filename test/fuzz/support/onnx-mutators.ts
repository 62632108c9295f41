import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
} from '../../../src/formats/onnx/onnx_pb.ts';
import { OPERATORS } from '../../../src/graph/operators/index.ts';
import { type Model, type Mutator, withFile } from './mutator.ts';
import { type Choices, ODD_NUMBERS } from './random.ts';

const OPS = [...OPERATORS.keys(), 'Einsum', 'LSTM', 'NoSuchOperator', '', 'constructor', '__proto__'];
const PATHS = ['../outside.bin', '/etc/passwd', 'missing.bin', '', '.', 'a\0b', 'C:\\x', 'nested/../../x'];

/** Changes one thing of the decoded model; false where there is no such thing. */
type Change = (graph: GraphProto, choices: Choices, model: ModelProto) => boolean;

const odd = (choices: Choices) => choices.of(ODD_NUMBERS)!;
const big = (choices: Choices) => BigInt(odd(choices));

function names(graph: GraphProto): string[] {
  return [
    ...graph.node.flatMap(({ input, output }) => [...input, ...output]),
    ...graph.input.map(({ name }) => name),
    ...graph.output.map(({ name }) => name),
    ...['', '__proto__', 'constructor', 'nowhere', 'x'.repeat(70_000)],
  ];
}

function onNode(change: (node: NodeProto, choices: Choices, graph: GraphProto) => boolean): Change {
  return (graph, choices) => {
    const node = choices.of(graph.node);
    return node ? change(node, choices, graph) : false;
  };
}

function onAttribute(change: (attribute: AttributeProto, choices: Choices) => void): Change {
  return onNode((node, choices) => {
    const attribute = choices.of(node.attribute);
    if (attribute) change(attribute, choices);
    return attribute !== undefined;
  });
}

function onValue(change: (value: ValueInfoProto, choices: Choices) => boolean): Change {
  return (graph, choices) => {
    const value = choices.of([...graph.input, ...graph.input, ...graph.output, ...graph.valueInfo]);
    return value ? change(value, choices) : false;
  };
}

/** A constant is bytes until it is read. */
function onConstant(change: (tensor: TensorProto, choices: Choices) => void): Change {
  return (graph, choices) => {
    const at = choices.below(graph.initializer.length);
    const bytes = graph.initializer[at];
    if (!bytes) return false;
    const tensor = decoded(() => fromBinary(TensorProtoSchema, bytes));
    if (!tensor) return false;
    change(tensor, choices);
    graph.initializer[at] = toBinary(TensorProtoSchema, tensor);
    return true;
  };
}

/** TensorProto.raw_data, which the reader of models takes from the bytes: here it is a field that is not known. */
const RAW_FIELD = 9;

function rawOf(tensor: TensorProto): Uint8Array {
  const field = tensor.$unknown?.find(({ no }) => no === RAW_FIELD);
  return (field && decoded(() => new BinaryReader(field.data).bytes())) ?? new Uint8Array();
}

function setRaw(tensor: TensorProto, raw: Uint8Array): void {
  const others = tensor.$unknown?.filter(({ no }) => no !== RAW_FIELD) ?? [];
  const data = new BinaryWriter().bytes(raw).finish();
  tensor.$unknown = [...others, { no: RAW_FIELD, wireType: WireType.LengthDelimited, data }];
}

function tensorShape(value: ValueInfoProto) {
  const type = value.type?.value;
  return type?.case === 'tensorType' ? type.value : undefined;
}

const CHANGES: Readonly<Record<string, Change>> = {
  'another operator': onNode((node, choices) => {
    node.opType = choices.of(OPS)!;
    return true;
  }),
  'another domain': onNode((node, choices) => {
    node.domain = choices.of(['ai.onnx', 'com.microsoft', 'nowhere', '__proto__'])!;
    return true;
  }),
  'rewire an input': onNode((node, choices, graph) => {
    if (node.input.length === 0) return false;
    node.input[choices.below(node.input.length)] = choices.of(names(graph))!;
    return true;
  }),
  'rename an output': onNode((node, choices, graph) => {
    if (node.output.length === 0) return false;
    node.output[choices.below(node.output.length)] = choices.of(names(graph))!;
    return true;
  }),
  'more or fewer inputs': onNode((node, choices, graph) => {
    if (choices.below(2) === 0) node.input.pop();
    else node.input.push(choices.of(names(graph))!);
    return true;
  }),
  'more or fewer outputs': onNode((node, choices) => {
    if (choices.below(2) === 0) node.output.pop();
    else node.output.push(`more${choices.below(9)}`);
    return true;
  }),
  'a node twice': (graph, choices) => {
    const node = choices.of(graph.node);
    if (node)
      graph.node.push({ ...node, output: node.output.map((name) => `${name}${choices.of(['', '2'])}`) });
    return node !== undefined;
  },
  'a node less': (graph, choices) => graph.node.splice(choices.below(graph.node.length), 1).length > 0,
  'nodes in another order': (graph) => {
    graph.node.reverse();
    return graph.node.length > 1;
  },
  'an attribute of another type': onAttribute((attribute, choices) => {
    attribute.type = choices.below(15);
  }),
  'an attribute of another name': onAttribute((attribute, choices) => {
    attribute.name = choices.of(['axis', 'axes', 'pads', 'strides', 'group', 'perm', 'to', '__proto__', ''])!;
  }),
  'an odd number in an attribute': onAttribute((attribute, choices) => {
    attribute.i = big(choices);
    attribute.f = choices.of([Number.NaN, Number.POSITIVE_INFINITY, -0, 1e38])!;
    if (attribute.ints.length > 0) attribute.ints[choices.below(attribute.ints.length)] = big(choices);
    if (attribute.floats.length > 0) attribute.floats[choices.below(attribute.floats.length)] = odd(choices);
  }),
  'a list of another length in an attribute': onAttribute((attribute, choices) => {
    if (choices.below(2) === 0) attribute.ints.pop();
    else attribute.ints.push(big(choices));
  }),
  'an attribute more': onNode((node, choices, graph) => {
    const other = choices.of(graph.node.flatMap(({ attribute }) => attribute));
    if (other) node.attribute.push(other);
    return other !== undefined;
  }),
  'another dimension': onValue((value, choices) => {
    const dims = tensorShape(value)?.shape?.dim;
    const dim = dims && choices.of(dims);
    if (dim) dim.value = { case: 'dimValue', value: big(choices) };
    return dim !== undefined;
  }),
  'an open dimension': onValue((value, choices) => {
    const dims = tensorShape(value)?.shape?.dim;
    const dim = dims && choices.of(dims);
    if (dim) dim.value = { case: 'dimParam', value: choices.of(['n', '__proto__', ''])! };
    return dim !== undefined;
  }),
  'another rank': onValue((value, choices) => {
    const dims = tensorShape(value)?.shape?.dim;
    if (!dims || dims.length === 0) return false;
    if (choices.below(2) === 0) dims.pop();
    else for (let left = choices.below(40); left >= 0; left -= 1) dims.push(dims[0]!);
    return true;
  }),
  'another element type': onValue((value, choices) => {
    const type = tensorShape(value);
    if (type) type.elemType = choices.below(30);
    return type !== undefined;
  }),
  'a value of another name': onValue((value, choices) => {
    value.name = choices.of(['', 'x', 'y', '__proto__', 'x0', 'c0'])!;
    return true;
  }),
  'no type': onValue((value) => {
    delete value.type;
    return true;
  }),
  'an output less': (graph) => graph.output.splice(0, 1).length > 0,
  'another tensor as output': (graph, choices) => {
    const [output] = graph.output;
    if (output) output.name = choices.of(names(graph))!;
    return output !== undefined;
  },
  'other dimensions of a constant': onConstant((tensor, choices) => {
    if (tensor.dims.length === 0 || choices.below(4) === 0) tensor.dims.push(big(choices));
    else tensor.dims[choices.below(tensor.dims.length)] = big(choices);
  }),
  'dimensions of a constant in another order': onConstant((tensor) => {
    tensor.dims.reverse();
  }),
  'a constant of another element type': onConstant((tensor, choices) => {
    tensor.dataType = choices.below(30);
  }),
  'a constant cut off': onConstant((tensor, choices) => {
    const raw = rawOf(tensor);
    setRaw(tensor, raw.slice(0, choices.below(raw.length + 1)));
  }),
  'other elements of a constant': onConstant((tensor, choices) => {
    const view = new DataView(rawOf(tensor).slice().buffer);
    if (tensor.dataType === 7 && view.byteLength >= 8) {
      view.setBigInt64(8 * choices.below(Math.floor(view.byteLength / 8)), big(choices), true);
    } else if (view.byteLength > 0) view.setUint8(choices.below(view.byteLength), choices.below(256));
    setRaw(tensor, new Uint8Array(view.buffer));
  }),
  'a constant of another name': onConstant((tensor, choices) => {
    tensor.name = choices.of(['', 'x', 'y0', 'c0', 'c1', '__proto__'])!;
  }),
  'external data': onConstant((tensor, choices) => {
    setRaw(tensor, new Uint8Array());
    tensor.dataLocation = 1;
    const entry = (key: string, value: string) => ({
      $typeName: 'onnx.StringStringEntryProto' as const,
      key,
      value,
    });
    tensor.externalData = [
      entry('location', choices.of(PATHS)!),
      entry('offset', String(odd(choices))),
      entry('length', String(odd(choices))),
    ];
  }),
  'a constant becomes live': (graph, choices) =>
    graph.initializer.splice(choices.below(graph.initializer.length), 1).length > 0,
  'another operator set': (_, choices, model) => {
    const set = choices.of(model.opsetImport);
    if (set) set.version = BigInt(choices.of([0, 1, 5, 6, 7, 9, 10, 11, 12, 13, 17, 18, 21, 24, 99, -1])!);
    return set !== undefined;
  },
};

/** Changes of fields of the protobuf messages: what comes of them still decodes. */
export const ONNX_MUTATORS: readonly Mutator[] = Object.entries(CHANGES).map(([name, change]) => ({
  name,
  mutate(model: Model, choices: Choices): Model | undefined {
    const proto = decoded(() => fromBinary(ModelProtoSchema, model.files.get(model.entry)!));
    if (!proto?.graph || !change(proto.graph, choices, proto)) return undefined;
    return withFile(model, model.entry, toBinary(ModelProtoSchema, proto));
  },
}));

/** Undefined where an earlier mutation broke the bytes. */
function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
