import { describe, expect, it } from '@jest/globals';
import { convertTensor } from '../../src/formats/convert.ts';
import { ARRAYS, type DType } from '../../src/tensor/dtype.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

function tensor(dtype: DType, ...values: (number | bigint)[]): Tensor {
  return Tensor.of(
    dtype,
    [values.length],
    (ARRAYS[dtype] as typeof Float32Array).from(values as number[]) as never,
  );
}

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

describe('convertTensor', () => {
  it.each([
    [tensor('float64', 0.1, NAN, -INF), tensor('float32', Math.fround(0.1), NAN, -INF)],
    [tensor('float32', 0.5, 1 / 3, INF), tensor('float16', 0x3800, 0x3555, 0x7c00)],
    [tensor('float64', 0.5), tensor('float16', 0x3800)],
    [tensor('float16', 0x3555, 0xc000), tensor('float64', 0.333251953125, -2)],
    [tensor('uint8', 0, 255), tensor('float32', 0, 255)],
    [tensor('uint8', 3), tensor('float16', 0x4200)],
    [tensor('float32', -5, 7), tensor('int8', -5, 7)],
    [tensor('float16', 0x4200), tensor('int64', 3n)],
    [tensor('float64', 2 ** 53), tensor('int64', 2n ** 53n)],
    [tensor('int64', -3n), tensor('int32', -3)],
    [tensor('uint64', 2n ** 60n), tensor('float32', 2 ** 60)],
    [tensor('bool', 1, 0), tensor('float32', 1, 0)],
    [tensor('int32', 1, 0), tensor('bool', 1, 0)],
  ])('%# keeps or rounds', (from, to) => {
    expect([...convertTensor(from, to.dtype).data]).toEqual([...to.data]);
  });

  it.each([
    [tensor('float64', 0, 1e39), 'float32', '1e+39 at 1'],
    [tensor('float32', 65_520), 'float16', '65520 at 0'],
    [tensor('int32', 2049), 'float16', '2049'],
    [tensor('int32', 2 ** 24 + 1), 'float32', '16777217'],
    [tensor('int64', 2n ** 53n + 1n), 'float64', '9007199254740993'],
    [tensor('float32', 1.5), 'int64', '1.5'],
    [tensor('float32', 1.5), 'uint8', '1.5'],
    [tensor('float32', 256), 'uint8', '256'],
    [tensor('float32', -1), 'uint64', '-1'],
    [tensor('float32', NAN), 'int32', 'NaN'],
    [tensor('float32', INF), 'int64', 'Infinity'],
    [tensor('int64', 2n ** 40n), 'int32', '1099511627776'],
    [tensor('uint8', 2), 'bool', '2'],
  ] as [Tensor, DType, string][])('%# refuses what it would lose', (from, dtype, text) => {
    expect(() => convertTensor(from, dtype)).toThrow(RangeError);
    expect(() => convertTensor(from, dtype)).toThrow(text);
  });

  it('gives the tensor itself where it has the type', () => {
    const same = tensor('float32', 1);
    expect(convertTensor(same, 'float32')).toBe(same);
  });
});
