import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type ValueInfoProtoSchema,
} from '../../src/formats/onnx/onnx_pb.ts';

type NodeInit = Exclude<MessageInitShape<typeof NodeProtoSchema>, { $typeName: string }>;
type GraphInit = Exclude<MessageInitShape<typeof GraphProtoSchema>, { $typeName: string }>;
type AttributeInit = Exclude<MessageInitShape<typeof AttributeProtoSchema>, { $typeName: string }>;
type ValueInit = Exclude<MessageInitShape<typeof ValueInfoProtoSchema>, { $typeName: string }>;

interface NodeParts {
  opType: string;
  input: string[];
  output: string[];
  attribute: { name: string }[];
}

export function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, AttributeInit> = {},
): NodeInit & NodeParts {
  const attribute = Object.entries(attributes).map(([name, value]) => ({ ...value, name }));
  return { opType, input, output, attribute };
}

export function value(name: string, dims: (number | string | undefined)[], elemType = 1): ValueInit {
  const dim = dims.map((extent) =>
    extent === undefined
      ? {}
      : typeof extent === 'string'
        ? { value: { case: 'dimParam' as const, value: extent } }
        : { value: { case: 'dimValue' as const, value: BigInt(extent) } },
  );
  return { name, type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } } };
}

/** The bytes of a model from x to y, unless `graph` says otherwise, written without the code under test. */
export function model(graph: GraphInit, opset = 13): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: BigInt(opset) }],
      graph: { name: 'g', input: [value('x', [4])], output: [value('y', [undefined])], ...graph },
    }),
  );
}
