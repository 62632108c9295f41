import type { Shape } from '../tensor/region.ts';

export interface NpyHeader {
  /** NumPy's kind and size, as in `f4`. */
  readonly type: string;
  readonly bigEndian: boolean;
  readonly columnMajor: boolean;
  readonly shape: Shape;
  /** Where the elements begin, in bytes. */
  readonly offset: number;
}

const MAX_HEADER_BYTES = 65_536;
const MAX_RANK = 32;

/** Reads the preamble and the header, a Python dictionary of three known keys. Throws RangeError. */
export function readNpyHeader(bytes: Uint8Array): NpyHeader {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 12 || view.toString('latin1', 0, 6) !== '\x93NUMPY') {
    throw new RangeError('it does not begin as a .npy file does');
  }
  const version = view[6]!;
  if (version < 1 || version > 3) throw new RangeError(`it has the .npy version ${version}, not 1 to 3`);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.readUInt16LE(8) : view.readUInt32LE(8);
  const offset = start + length;
  if (length > MAX_HEADER_BYTES || offset > view.length) {
    throw new RangeError(`its header of ${length} bytes is cut off or too long`);
  }
  const text = view.toString('latin1', start, offset);
  if (!/^\s*\{[^{}]*\}\s*$/.test(text)) throw new RangeError('its header is not a dictionary');
  const [, order, type] = field(text, 'descr', /'([<>|=]?)([a-zA-Z]\d*)'/);
  const [, columnMajor] = field(text, 'fortran_order', /(True|False)/);
  const [, dims] = field(text, 'shape', /\(([\d\s,]*)\)/);
  return {
    type: type!,
    bigEndian: order === '>',
    columnMajor: columnMajor === 'True',
    shape: shapeOf(dims!),
    offset,
  };
}

function field(text: string, key: string, value: RegExp): RegExpExecArray {
  const found = new RegExp(`['"]${key}['"]\\s*:\\s*${value.source.replaceAll("'", `['"]`)}`).exec(text);
  if (!found) throw new RangeError(`its header has no ${key} that can be read (a structured type, perhaps)`);
  return found;
}

function shapeOf(dims: string): number[] {
  const shape = dims
    .split(',')
    .map((dim) => dim.trim())
    .filter((dim) => dim !== '')
    .map(Number);
  if (shape.length > MAX_RANK) throw new RangeError(`it has ${shape.length} axes, more than ${MAX_RANK}`);
  if (!shape.every(Number.isSafeInteger)) throw new RangeError('its shape is not one of whole numbers');
  return shape;
}
