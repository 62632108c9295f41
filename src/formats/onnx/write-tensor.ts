import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { DATA_TYPE } from '../../graph/data-types.ts';
import { bytesOf, type Tensor } from '../../tensor/tensor.ts';
import { DATA_FIELD, DATA_LOCATION, WIRE } from './constants.ts';
import { StringStringEntryProtoSchema, TensorProtoSchema } from './onnx_pb.ts';

/** A tag and a length: what stands before the bytes of a length-delimited field. */
export function fieldHead(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WIRE.bytes).uint32(length).finish();
}

/** All of a TensorProto but its elements, which follow as `raw_data`. */
export function tensorHead(name: string, tensor: Tensor): Uint8Array {
  const head = toBinary(TensorProtoSchema, create(TensorProtoSchema, describe(name, tensor)));
  return joined([head, fieldHead(DATA_FIELD.raw, tensor.byteLength)]);
}

/** A TensorProto whose elements lie at the start of the file `location` beside the model. */
export function externalTensorProto(name: string, tensor: Tensor, location: string): Uint8Array {
  const entries = { location, offset: '0', length: String(tensor.byteLength) };
  const externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  const proto = { ...describe(name, tensor), externalData, dataLocation: DATA_LOCATION.external };
  return toBinary(TensorProtoSchema, create(TensorProtoSchema, proto));
}

/** A whole TensorProto; for small tensors, because it copies. */
export function encodeTensor(name: string, tensor: Tensor): Uint8Array {
  return joined([tensorHead(name, tensor), bytesOf(tensor.data)]);
}

function describe(name: string, tensor: Tensor) {
  return { name, dims: tensor.shape.map(BigInt), dataType: DATA_TYPE[tensor.dtype] };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
