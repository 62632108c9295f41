import { BinaryReader } from '@bufbuild/protobuf/wire';
import { ARRAYS, type ArrayOf, type DType, elementBytes, type TypedArray } from '../../tensor/dtype.ts';
import { DATA_FIELD, WIRE } from './constants.ts';

/** How many bytes of elements a typed data field holds, and the elements themselves where they are one packed run. */
export interface DataField {
  bytes: number;
  packed: Uint8Array | undefined;
}

/** Which typed field of a TensorProto holds the elements of a type, as the standard has it. */
const FIELD_OF: Readonly<Record<DType, number>> = {
  float32: DATA_FIELD.float,
  float64: DATA_FIELD.double,
  int64: DATA_FIELD.int64,
  uint64: DATA_FIELD.uint64,
  uint32: DATA_FIELD.uint64,
  int32: DATA_FIELD.int32,
  int16: DATA_FIELD.int32,
  int8: DATA_FIELD.int32,
  uint16: DATA_FIELD.int32,
  uint8: DATA_FIELD.int32,
  bool: DATA_FIELD.int32,
  float16: DATA_FIELD.int32,
};

/**
 * The `count` elements of a TensorProto. The bytes present are compared with `count` before anything is allocated.
 * Throws Error (the caller names the file).
 */
export function readElements<D extends DType>(
  bytes: Uint8Array,
  dtype: D,
  count: number,
  raw: Uint8Array | undefined,
  fields: ReadonlyMap<number, DataField>,
): ArrayOf<D> {
  const width = elementBytes(dtype);
  const number = FIELD_OF[dtype];
  const field = fields.get(number);
  if (raw && (raw.length > 0 || !field)) {
    if (raw.length !== count * width) throw lengthError(raw.length, count * width);
    return viewOf(raw, dtype, count);
  }
  const present = field?.bytes ?? 0;
  if (number === DATA_FIELD.float || number === DATA_FIELD.double) {
    if (present !== count * width) throw lengthError(present, count * width);
    if (field?.packed) return viewOf(field.packed, dtype, count);
  } else if (present < count) {
    // A varint has at least one byte.
    throw lengthError(present, count);
  }
  const data = new ARRAYS[dtype](count) as ArrayOf<D>;
  fill(data, dtype, number, bytes);
  return data;
}

function lengthError(present: number, wanted: number): Error {
  return new Error(`${present} bytes of elements where its shape asks for ${wanted}`);
}

/** The little-endian elements in place where the platform can read them there, else a copy. */
export function viewOf<D extends DType>(bytes: Uint8Array, dtype: D, count: number): ArrayOf<D> {
  const aligned =
    bytes.byteOffset % elementBytes(dtype) === 0 ? bytes : Uint8Array.prototype.slice.call(bytes);
  return new ARRAYS[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, count) as ArrayOf<D>;
}

/** Reads elements one by one, packed or not, in the order of the file. */
function fill(data: TypedArray, dtype: DType, number: number, bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  const next = elementReader(reader, dtype);
  let at = 0;
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field !== number) {
      reader.skip(wire, field);
      continue;
    }
    const end = wire === WIRE.bytes ? reader.uint32() + reader.pos : reader.pos + 1;
    while (reader.pos < end) {
      if (at >= data.length) throw new Error(`more elements than the ${data.length} of its shape`);
      data[at] = next();
      at += 1;
    }
  }
  if (at !== data.length) throw new Error(`${at} elements where its shape asks for ${data.length}`);
}

function elementReader(reader: BinaryReader, dtype: DType): () => number | bigint {
  switch (dtype) {
    case 'float32':
      return () => reader.float();
    case 'float64':
      return () => reader.double();
    case 'int64':
      return () => reader.int64() as bigint;
    case 'uint64':
      return () => reader.uint64() as bigint;
    case 'uint32':
      return () => Number(reader.uint64());
    default:
      return () => reader.int32();
  }
}
