import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../src/base/catalogue.ts';
import { payloadOf } from '../../src/client/payload.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { VERSION } from '../../src/wire/messages/common.ts';
import type { ModelInfo } from '../../src/wire/messages/status.ts';
import { coded } from '../support/code.ts';

const info = (...inputs: ModelInfo['inputs']): ModelInfo => {
  return { v: VERSION, model: 'm', inputs, outputs: [], pictures: true };
};
const image = { name: 'x', dtype: 'float32', shape: [1, 2, 2] } as const;
const one = info(image);
const png = Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1');
const values = [1, 2, 3, 4];

function tensorsOf(given: unknown, model = one): Record<string, Tensor> {
  const payload = payloadOf(given, model);
  if (!('tensors' in payload)) throw new Error('it is a file');
  return Object.fromEntries(payload.tensors);
}

describe('payloadOf', () => {
  it.each<[string, unknown]>([
    ['bytes', png],
    ['an array buffer', png.buffer.slice(png.byteOffset, png.byteOffset + png.length)],
    ['base64', png.toString('base64')],
    ['base64 of URLs, in lines', png.toString('base64url').replace(/(.{6})/g, '$1\n')],
    ['a data URL', `data:image/png;base64,${png.toString('base64')}`],
  ])('takes %s of a picture', (_, given) => {
    const payload = payloadOf(given, one);
    expect('file' in payload && Buffer.from(payload.file).equals(png)).toBe(true);
  });

  it('takes JSON text as the file that it is', () => {
    expect(payloadOf('[[1, 2], [3, 4]]', one)).toEqual({ file: Buffer.from('[[1, 2], [3, 4]]') });
  });

  it.each<[string, unknown]>([
    [
      'nested lists',
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ],
    [
      'lists without the axes of 1',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['a flat list', values],
    ['a typed array', Float32Array.from(values)],
    ['a typed array of another type', Float64Array.from(values)],
    ['a list with its shape', { shape: [2, 2], data: values }],
    ['a typed array with its shape', { shape: [1, 2, 2], data: Int16Array.from(values) }],
    ['an object by input', { x: values }],
    ['a tensor', Tensor.of('int32', [1, 2, 2], Int32Array.from(values))],
    ['a view on a part of memory', new Float32Array(Float32Array.of(9, ...values, 9).buffer, 4, 4)],
    ['a typed array of another context', runInNewContext('Float32Array.of(1, 2, 3, 4)')],
    ['a list of another context', runInNewContext('[[1, 2], [3, 4]]')],
    [
      'an object of another context',
      runInNewContext('({ shape: [1, 2, 2], data: Uint8ClampedArray.of(1, 2, 3, 4) })'),
    ],
  ])('takes %s', (_, given) => {
    const { x } = tensorsOf(given);
    expect(x).toMatchObject({ dtype: 'float32', shape: [1, 2, 2] });
    expect([...x!.data]).toEqual(values);
  });

  it('takes raw bytes where the model wants bytes', () => {
    const bytes = info({ name: 'x', dtype: 'uint8', shape: [1, 4] });
    expect([...tensorsOf(Buffer.from(values), bytes)['x']!.data]).toEqual(values);
  });

  it('takes several inputs by name', () => {
    const two = info(image, { name: 'y', dtype: 'int64', shape: [1] });
    const { x, y } = tensorsOf({ x: values, y: [7] }, two);
    expect([x!.dtype, y!.dtype, y!.data[0]]).toEqual(['float32', 'int64', 7n]);
    expect(() => payloadOf(values, two)).toThrow(coded('ISO_ERR_REQUEST_INVALID'));
  });

  it.each<[string, unknown, ErrorCode]>([
    ['nothing', undefined, 'ISO_ERR_INPUT_UNREADABLE'],
    ['null', null, 'ISO_ERR_INPUT_UNREADABLE'],
    ['a number', 7, 'ISO_ERR_INPUT_UNREADABLE'],
    ['an empty text', '', 'ISO_ERR_INPUT_UNREADABLE'],
    ['words', 'a picture of a bus!', 'ISO_ERR_INPUT_UNREADABLE'],
    ['a shape that is none', { shape: [-1], data: Float32Array.of(1) }, 'ISO_ERR_INPUT_UNREADABLE'],
    [
      'data that does not fill its shape',
      { shape: [3], data: Float32Array.of(1) },
      'ISO_ERR_INPUT_UNREADABLE',
    ],
    [
      'data that is not what it says',
      { shape: [1], dtype: 'int8', data: Float32Array.of(1) },
      'ISO_ERR_INPUT_UNREADABLE',
    ],
    ['too few values', [1, 2, 3], 'ISO_ERR_INPUT_MISMATCH'],
    ['too many values', Float32Array.of(1, 2, 3, 4, 5), 'ISO_ERR_INPUT_MISMATCH'],
    ['bytes that are no file and do not fit', Buffer.from('hello'), 'ISO_ERR_INPUT_MISMATCH'],
  ])('refuses %s', (_, given, code) => {
    expect(() => payloadOf(given, one)).toThrow(coded(code));
  });
});
