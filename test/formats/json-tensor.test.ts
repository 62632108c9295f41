import { describe, expect, it } from '@jest/globals';
import { parseJsonTensor } from '../../src/formats/json-tensor.ts';
import { coded } from '../support/code.ts';

function deep(levels: number): unknown {
  let json: unknown = 1;
  for (let level = 0; level < levels; level += 1) json = [json];
  return json;
}

describe('parseJsonTensor', () => {
  it.each([
    [
      'nested lists',
      [
        [1, 2, 3],
        [4, 5, 6.5],
      ],
      [2, 3],
      [1, 2, 3, 4, 5, 6.5],
    ],
    ['a flat list with its shape', { shape: [2, 1], data: [1, 2] }, [2, 1], [1, 2]],
    [
      'nested lists with another shape',
      {
        shape: [4],
        data: [
          [1, 2],
          [3, 4],
        ],
      },
      [4],
      [1, 2, 3, 4],
    ],
    ['a type that the values keep', { shape: [2], data: [1, 2], dtype: 'int64' }, [2], [1, 2]],
    ['an empty list', [], [0], []],
    ['empty lists', [[], []], [2, 0], []],
  ])('reads %s', (_, json, shape, values) => {
    const tensor = parseJsonTensor(json, 'a.json');
    expect([tensor.dtype, tensor.shape, [...tensor.data]]).toEqual(['float32', shape, values]);
  });

  it('gives the elements the type that is asked for', () => {
    expect(parseJsonTensor([1, -2], 'a.json', 'int64').data).toEqual(BigInt64Array.of(1n, -2n));
  });

  it.each([
    ['ragged lists', [[1, 2], [3]], 'ragged: a list of 1'],
    ['a number among lists', [[1], 2], 'ragged: 2'],
    ['a list among numbers', [1, [2]], 'a list of 1 stands where a number'],
    ['a text', [1, 'two'], '"two"'],
    ['null', [1, null], 'null'],
    ['too many levels', deep(33), '32 levels'],
    ['a number beyond float32', [1e39], '1e+39'],
    ['an object without data', { shape: [1] }, '"shape" and "data"'],
    ['null alone', null, '"shape" and "data"'],
    ['a shape that the data does not fill', { shape: [3], data: [1, 2] }, '2 values'],
    ['a negative shape', { shape: [-1, -2], data: [1, 2] }, 'whole numbers'],
    ['a huge shape', { shape: [1e9, 1e9, 1e9], data: [1] }, '1 values'],
    ['an unknown type', { shape: [1], data: [1], dtype: 'complex64' }, '"complex64"'],
    ['values that break the promised type', { shape: [1], data: [300], dtype: 'uint8' }, '300'],
  ])('refuses %s', (_, json, text) => {
    expect(() => parseJsonTensor(json, 'a.json')).toThrow(coded('ISO_ERR_INPUT_UNREADABLE', 'a.json'));
    expect(() => parseJsonTensor(json, 'a.json')).toThrow(text);
  });
});
