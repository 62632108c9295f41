import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { dtypeOf } from '../../graph/data-types.ts';
import { type DType, elementBytes } from '../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../tensor/region.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { BFLOAT16, widenBfloat16 } from './bfloat16.ts';
import { DATA_FIELD, DATA_LOCATION, WIRE } from './constants.ts';
import { LIMITS, ReadContext } from './context.ts';
import { type ExternalData, externalTensor, type Location } from './external-data.ts';
import { StringStringEntryProtoSchema } from './onnx_pb.ts';
import { type DataField, readElements } from './tensor-elements.ts';

/** What a TensorProto says of itself, and where its elements are; nothing of their size is allocated yet. */
interface TensorHeader {
  name: string;
  dims: number[];
  dataType: number;
  location: number;
  external: ExternalData;
  raw: Uint8Array | undefined;
  /** Per typed data field, the bytes that hold elements; tags of unpacked elements are not counted. */
  readonly fields: Map<number, DataField>;
}

/**
 * One TensorProto, such as an `input_0.pb` of the ONNX conformance data. `file` is named in errors.
 * Throws ISO_ERR_MODEL_MALFORMED or ISO_ERR_MODEL_UNSUPPORTED.
 */
export function readTensorProto(bytes: Uint8Array, file: string): { name: string; tensor: Tensor } {
  const context = new ReadContext(file);
  const { name, tensor } = decodeTensor(bytes, context);
  if (!tensor) throw context.unsupported(`the tensor ${name} has an element type without numbers`);
  return { name, tensor };
}

/**
 * Decodes a TensorProto; `tensor` is undefined where Isobath does not hold its element type. The elements are a view
 * on `bytes` where they are aligned for their type, a copy elsewhere; those in an external file, or of bfloat16, which become
 * float32, are deferred.
 */
export function decodeTensor(
  bytes: Uint8Array,
  context: ReadContext,
): { name: string; tensor: Tensor | undefined } {
  const header = context.decode('a tensor', () => readHeader(bytes, context));
  const { name } = header;
  if (header.dataType === BFLOAT16) {
    const bits = tensorOf('uint16', header, bytes, context);
    return { name, tensor: widenBfloat16(bits) };
  }
  const dtype = dtypeOf(header.dataType);
  return { name, tensor: dtype && tensorOf(dtype, header, bytes, context) };
}

function tensorOf<D extends DType>(
  dtype: D,
  header: TensorHeader,
  bytes: Uint8Array,
  context: ReadContext,
): Tensor<D> {
  const { name } = header;
  const byteLength = checkedBytes(header, dtype, context);
  const shape: Shape = header.dims;
  if (header.location === DATA_LOCATION.external) {
    return externalTensor(name, dtype, shape, header.external, context);
  }
  const data = context.decode(`the tensor ${name}`, () =>
    readElements(bytes, dtype, byteLength / elementBytes(dtype), header.raw, header.fields),
  );
  return Tensor.of(dtype, shape, data);
}

function readHeader(bytes: Uint8Array, context: ReadContext): TensorHeader {
  const header: TensorHeader = {
    name: '',
    dims: [],
    dataType: 0,
    location: DATA_LOCATION.default,
    external: {},
    raw: undefined,
    fields: new Map(),
  };
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const start = reader.pos;
    if (field === 1) readDims(reader, wire, header.dims, context);
    else if (field === 2) header.dataType = reader.int32();
    else if (field === 3) throw context.unsupported('a tensor is stored in segments');
    else if (field === 8) header.name = reader.string(true);
    else if (field === DATA_FIELD.raw) header.raw = reader.bytes();
    else if (field === 13) readExternalEntry(reader.bytes(), header.external);
    else if (field === 14) header.location = reader.int32();
    else {
      reader.skip(wire, field);
      if (DATA_FIELDS.has(field))
        countElements(header.fields, field, wire === WIRE.bytes, start, reader.pos, bytes);
    }
  }
  return header;
}

function readDims(reader: BinaryReader, wire: number, dims: number[], context: ReadContext): void {
  const end = wire === WIRE.bytes ? reader.uint32() + reader.pos : reader.pos + 1;
  while (reader.pos < end) {
    dims.push(Number(reader.int64()));
    if (dims.length > LIMITS.rank) throw context.malformed('a tensor has too many dimensions');
  }
}

function readExternalEntry(bytes: Uint8Array, external: ExternalData): void {
  const { key, value } = fromBinary(StringStringEntryProtoSchema, bytes, { readUnknownFields: false });
  if (key === 'location' || key === 'offset' || key === 'length') external[key as keyof Location] = value;
}

const DATA_FIELDS: ReadonlySet<number> = new Set(Object.values(DATA_FIELD));

function countElements(
  fields: Map<number, DataField>,
  field: number,
  packed: boolean,
  start: number,
  end: number,
  bytes: Uint8Array,
): void {
  const entry = fields.get(field) ?? { bytes: 0, packed: undefined };
  if (packed) {
    const reader = new BinaryReader(bytes.subarray(start, end));
    const chunk = reader.bytes();
    // One packed run may be viewed in place; more than one must be joined.
    entry.packed = entry.bytes === 0 ? chunk : undefined;
    entry.bytes += chunk.length;
  } else {
    entry.packed = undefined;
    entry.bytes += end - start;
  }
  fields.set(field, entry);
}

/** The bytes that the shape asks for, counted against the limits. */
function checkedBytes(header: TensorHeader, dtype: DType, context: ReadContext): number {
  if (!header.dims.every((extent) => extent >= 0 && extent <= LIMITS.extent)) {
    throw context.malformed(`the tensor ${header.name} has the shape [${header.dims.join(', ')}]`);
  }
  const byteLength = sizeOf(header.dims) * elementBytes(dtype);
  context.spendTensor(byteLength);
  return byteLength;
}
