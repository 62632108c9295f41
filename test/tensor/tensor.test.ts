import { describe, expect, it } from '@jest/globals';
import { DTYPES, elementBytes, isDType } from '../../src/tensor/dtype.ts';
import { toInt64 } from '../../src/tensor/int64.ts';
import { bytesOf, Tensor } from '../../src/tensor/tensor.ts';

describe('a tensor', () => {
  it('refuses data that does not fill its shape', () => {
    expect(() => Tensor.float32([2, 2], [1, 2, 3])).toThrow('3 elements do not fill the shape [2, 2]');
    expect(() => Tensor.zeros('int8', [4]).reshaped([3])).toThrow(RangeError);
  });

  it('keeps the array that it is given, also under another shape', () => {
    const data = Float32Array.of(1, 2, 3, 4);
    expect(Tensor.float32([4], data).data).toBe(data);
    expect(Tensor.float32([4], data).reshaped([2, 2]).data).toBe(data);
  });

  it('counts bytes by its element type, and knows all types by name', () => {
    for (const dtype of DTYPES) {
      const tensor = Tensor.zeros(dtype, [3, 2]);
      expect(tensor.byteLength).toBe(6 * elementBytes(dtype));
      expect(tensor.byteLength).toBe(tensor.data.byteLength);
    }
    expect(['float32', 'bfloat16', 'toString', 1].map(isDType)).toEqual([true, false, false, false]);
  });

  it('gives its bytes as a view', () => {
    const buffer = Float32Array.of(0, 1, 2);
    const bytes = bytesOf(buffer.subarray(1));
    expect([bytes.buffer, bytes.byteOffset, bytes.length]).toEqual([buffer.buffer, 4, 8]);
  });
});

it.each([
  [1.9, 1n],
  [-1.9, -1n],
  [Number.NaN, 0n],
  [2 ** 63, 2n ** 63n - 1n],
  [-(2 ** 63), -(2n ** 63n)],
  [Number.NEGATIVE_INFINITY, -(2n ** 63n)],
])('%d is %d as int64', (value, want) => {
  expect(toInt64(value)).toBe(want);
});
