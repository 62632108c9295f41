import { IsobathError } from '../base/errors.ts';
import { ARRAYS, type ArrayOf, type DType, elementBytes } from '../tensor/dtype.ts';
import { type Shape, sizeOf } from '../tensor/region.ts';
import { bytesOf, Tensor } from '../tensor/tensor.ts';
import { type NpyHeader, readNpyHeader } from './npy-header.ts';
import { nameOf } from './source.ts';

const DESCRIPTIONS: Readonly<Record<DType, string>> = {
  float32: 'f4',
  float64: 'f8',
  float16: 'f2',
  int8: 'i1',
  int16: 'i2',
  int32: 'i4',
  int64: 'i8',
  uint8: 'u1',
  uint16: 'u2',
  uint32: 'u4',
  uint64: 'u8',
  bool: 'b1',
};
const DTYPE_OF = new Map(Object.entries(DESCRIPTIONS).map(([dtype, text]) => [text, dtype as DType]));

/**
 * Reads a NumPy .npy file of version 1, 2 or 3, of either byte order, in row-major order whatever order the file has.
 * The bytes are copied. `file` names it in an ISO_ERR_INPUT_UNREADABLE.
 */
export function readNpy(bytes: Uint8Array, file: string = nameOf(bytes)): Tensor {
  try {
    const header = readNpyHeader(bytes);
    const dtype = DTYPE_OF.get(header.type);
    if (!dtype) throw new RangeError(`elements of the type ${header.type} are not supported`);
    const size = sizeOf(header.shape);
    const wanted = size * elementBytes(dtype);
    const got = bytes.byteLength - header.offset;
    // Checked before anything is allocated: a header of a few bytes can announce any size.
    if (!Number.isSafeInteger(wanted) || wanted !== got) {
      throw new RangeError(
        `[${header.shape.join(', ')}] of ${dtype} takes ${wanted} bytes, but ${got} follow`,
      );
    }
    return Tensor.of(dtype, header.shape, elements(bytes, dtype, header));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw IsobathError.of('ISO_ERR_INPUT_UNREADABLE', { file, reason: error.message }, error);
  }
}

/** Writes a .npy file of version 1: little-endian, row-major. */
export function writeNpy(tensor: Tensor): Uint8Array {
  const { dtype, shape } = tensor;
  const order = elementBytes(dtype) === 1 ? '|' : '<';
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${order}${DESCRIPTIONS[dtype]}', 'fortran_order': False, 'shape': (${dims}), }`;
  // The elements start at a multiple of 64 bytes, after ten bytes of preamble and a line feed.
  const padded = `${header.padEnd(Math.ceil((10 + header.length + 1) / 64) * 64 - 11)}\n`;
  const preamble = Buffer.from(`\x93NUMPY\x01\x00${'\0\0'}${padded}`, 'latin1');
  preamble.writeUInt16LE(padded.length, 8);
  return Buffer.concat([preamble, bytesOf(tensor.data)]);
}

function elements<D extends DType>(bytes: Uint8Array, dtype: D, header: NpyHeader): ArrayOf<D> {
  const data = new ARRAYS[dtype](sizeOf(header.shape)) as ArrayOf<D>;
  const raw = Buffer.from(bytesOf(data).buffer);
  raw.set(bytes.subarray(header.offset));
  const width = elementBytes(dtype);
  if (header.bigEndian && width === 2) raw.swap16();
  else if (header.bigEndian && width === 4) raw.swap32();
  else if (header.bigEndian && width === 8) raw.swap64();
  return header.columnMajor ? rowMajor(data, dtype, header.shape) : data;
}

/** `data` has its first axis fastest; the result its last. */
function rowMajor<D extends DType>(data: ArrayOf<D>, dtype: D, shape: Shape): ArrayOf<D> {
  const result = new ARRAYS[dtype](data.length) as ArrayOf<D>;
  const strides: number[] = [];
  for (let axis = 0, stride = 1; axis < shape.length; axis += 1) {
    strides.push(stride);
    stride *= shape[axis]!;
  }
  const index = new Array<number>(shape.length).fill(0);
  for (let at = 0, from = 0; at < result.length; at += 1) {
    result[at] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1;
      from += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
