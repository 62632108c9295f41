import { create, fromBinary } from '@bufbuild/protobuf';
import type { Attribute, Node } from '../../graph/graph.ts';
import { toInt64 } from '../../tensor/int64.ts';
import { ATTRIBUTE_TYPE } from './constants.ts';
import { type AttributeProto, AttributeProtoSchema, type NodeProto, NodeProtoSchema } from './onnx_pb.ts';
import { encodeTensor } from './write-tensor.ts';

export function nodeProto(node: Node): NodeProto {
  // Sorted, so that graphs that are equal give equal bytes however they were built.
  const attributes = Object.entries(node.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: attributes.map(([name, attribute]) => attributeProto(name, attribute)),
  });
}

const utf8 = new TextEncoder();

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  switch (attribute.type) {
    case 'opaque':
      return fromBinary(AttributeProtoSchema, attribute.proto);
    case 'float':
      return make(name, ATTRIBUTE_TYPE.float, { f: attribute.value });
    case 'int':
      return make(name, ATTRIBUTE_TYPE.int, { i: toInt64(attribute.value) });
    case 'string':
      return make(name, ATTRIBUTE_TYPE.string, { s: utf8.encode(attribute.value) });
    case 'tensor':
      return make(name, ATTRIBUTE_TYPE.tensor, { t: encodeTensor('', attribute.value) });
    case 'floats':
      return make(name, ATTRIBUTE_TYPE.floats, { floats: [...attribute.value] });
    case 'ints':
      return make(name, ATTRIBUTE_TYPE.ints, { ints: attribute.value.map(toInt64) });
    case 'strings':
      return make(name, ATTRIBUTE_TYPE.strings, {
        strings: attribute.value.map((text) => utf8.encode(text)),
      });
  }
}

type Value = Partial<Pick<AttributeProto, 'f' | 'i' | 's' | 't' | 'floats' | 'ints' | 'strings'>>;

function make(name: string, type: number, value: Value): AttributeProto {
  return create(AttributeProtoSchema, { name, type, ...value });
}
