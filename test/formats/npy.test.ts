import { describe, expect, it } from '@jest/globals';
import { readNpy, writeNpy } from '../../src/formats/npy.ts';
import { DTYPES } from '../../src/tensor/dtype.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { coded } from '../support/code.ts';
import { NUMPY_FILES } from './numpy-files.ts';

type File = keyof typeof NUMPY_FILES;
const bytesOfFile = (file: File) => Buffer.from(NUMPY_FILES[file], 'hex');
const MATRIX = [1.5, -2, 3, 4, 5, 6.25];
const HALVES = [0x3e00, 0xc000, 0x4200, 0x4400, 0x4500, 0x4640];

const EXPECTED: [File, string, number[], (number | bigint)[]][] = [
  ['float32', 'float32', [2, 3], MATRIX],
  ['float32BigEndianVersion2', 'float32', [2, 3], MATRIX],
  ['float64ColumnMajorVersion3', 'float64', [2, 3], MATRIX],
  ['float16', 'float16', [2, 3], HALVES],
  ['float16BigEndian', 'float16', [2, 3], HALVES],
  ['int8', 'int8', [3], [-128, 0, 127]],
  ['int16BigEndian', 'int16', [2], [-2, 300]],
  ['int32', 'int32', [2], [-(2 ** 31), 2 ** 31 - 1]],
  ['int64', 'int64', [2], [-(2n ** 63n), 2n ** 63n - 1n]],
  ['int64BigEndian', 'int64', [2], [5n, -6n]],
  ['uint8', 'uint8', [2], [0, 255]],
  ['bool', 'bool', [2], [1, 0]],
  ['scalar', 'float32', [], [7]],
  ['empty', 'float32', [0, 3], []],
  ['int16ColumnMajor', 'int16', [2, 3, 4], Array.from({ length: 24 }, (_, at) => at)],
];

function file(header: string, elements = Buffer.alloc(0), version = 1): Buffer {
  const preamble = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0\0\0`, 'latin1');
  preamble.writeUInt16LE(header.length, 8);
  return Buffer.concat([preamble, Buffer.from(header, 'latin1'), elements]);
}
const headerOf = (shape: string, type = '<f4') =>
  `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }\n`;

describe('readNpy', () => {
  it.each(EXPECTED)('reads %s as NumPy wrote it', (name, dtype, shape, values) => {
    const tensor = readNpy(bytesOfFile(name));
    expect([tensor.dtype, tensor.shape]).toEqual([dtype, shape]);
    expect([...tensor.data]).toEqual(values);
  });

  it('reads bytes at an odd offset of a larger buffer', () => {
    const bytes = Buffer.concat([Buffer.alloc(3), bytesOfFile('float32')]).subarray(3);
    expect([...readNpy(bytes).data]).toEqual(MATRIX);
  });

  it.each([
    ['structured', 'structured'],
    ['text', 'type U2'],
  ] as [File, string][])('refuses the elements of %s', (name, text) => {
    expect(() => readNpy(bytesOfFile(name), 'a.npy')).toThrow(coded('ISO_ERR_INPUT_UNREADABLE', text));
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a bare preamble', Buffer.from('\x93NUMPY\x01\0', 'latin1')],
    ['a header beyond the end', file(headerOf('(1,)')).subarray(0, 40)],
    ['elements cut off', bytesOfFile('float32').subarray(0, -1)],
    ['elements too many', Buffer.concat([bytesOfFile('float32'), Buffer.alloc(4)])],
    ['a size that overflows', file(headerOf('(4294967296, 4294967296, 4294967296)'))],
    ['a size of terabytes', file(headerOf('(1000000, 1000000)'))],
    ['an extent that is no safe integer', file(headerOf('(99999999999999999999999,)'))],
    ['an extent in two parts', file(headerOf('(1 2,)'), Buffer.alloc(48))],
    ['a negative extent', file(headerOf('(-1,)'))],
    ['forty axes', file(headerOf(`(${'1,'.repeat(40)})`), Buffer.alloc(4))],
    ['objects', file(headerOf('(1,)', '|O'), Buffer.alloc(8))],
    ['no shape', file("{'descr': '<f4', 'fortran_order': False}")],
    ['a header that is not a dictionary', file('__import__("os")')],
    ['version 9', file(headerOf('(1,)'), Buffer.alloc(4), 9)],
  ])('refuses %s', (_, bytes) => {
    expect(() => readNpy(bytes, 'a.npy')).toThrow(coded('ISO_ERR_INPUT_UNREADABLE', 'a.npy'));
  });

  it('survives every single changed byte of a header', () => {
    const bytes = bytesOfFile('float32');
    for (let at = 0; at < 80; at += 1) {
      for (const byte of [0, 39, 44, 57, 255]) {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        try {
          readNpy(changed);
        } catch (error) {
          expect(error).toEqual(coded('ISO_ERR_INPUT_UNREADABLE'));
        }
      }
    }
  });
});

describe('writeNpy', () => {
  it.each(DTYPES)('writes what readNpy reads, for %s', (dtype) => {
    for (const shape of [[], [3], [2, 3], [1, 2, 2, 2], [0]]) {
      const tensor = Tensor.zeros(dtype, shape);
      tensor.data.forEach((_, at) => {
        tensor.data[at] = (dtype.endsWith('64') && dtype !== 'float64' ? BigInt(at) : at % 2) as never;
      });
      const bytes = writeNpy(tensor);
      const back = readNpy(bytes);
      expect([back.dtype, back.shape, [...back.data]]).toEqual([dtype, shape, [...tensor.data]]);
      expect((bytes.byteLength - tensor.byteLength) % 64).toBe(0);
    }
  });

  it('writes the same bytes as NumPy', () => {
    expect(Buffer.from(writeNpy(Tensor.float32([2, 3], MATRIX))).toString('hex')).toBe(NUMPY_FILES.float32);
  });
});
