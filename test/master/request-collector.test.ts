import { afterEach, describe, expect, it } from '@jest/globals';
import { RequestCollector, type RequestCollectorOptions } from '../../src/master/request-collector.ts';
import type { InferTensorChunk } from '../../src/wire/messages/inference.ts';
import { coded } from '../support/code.ts';

describe('the collector of requests', () => {
  let collector: RequestCollector;
  let givenUp: string[];
  afterEach(() => {
    collector.clear();
  });

  function collect(options: Partial<RequestCollectorOptions> = {}) {
    givenUp = [];
    collector = new RequestCollector({ onGiveUp: (key) => givenUp.push(key), ...options });
  }
  const bytes = new Uint8Array(16);
  function add(key: string, fields: Partial<InferTensorChunk> = {}, part = bytes) {
    const place = { seq: 0, total: 1, offset: 0, crc32: 0 };
    const chunk: InferTensorChunk = {
      v: 1,
      kind: 'tensor',
      dtype: 'float32',
      shape: [4],
      ...place,
      ...fields,
    };
    return collector.add(key, 't', chunk, part);
  }

  it('takes an input that comes twice once', () => {
    collect();
    expect(add('m/r', { input: 'a', inputs: 2 })).toBeUndefined();
    expect(add('m/r', { input: 'a', inputs: 2 })).toBeUndefined();
    expect([...add('m/r', { input: 'b', inputs: 2 })!.tensors!.keys()]).toEqual(['a', 'b']);
  });

  it('keeps the options of the chunk that came first', () => {
    collect();
    add('m/r', { input: 'a', inputs: 2, options: { top: 3 } });
    expect(add('m/r', { input: 'b', inputs: 2, options: { top: 9 } })!.options).toEqual({ top: 3 });
  });

  it('gives up the oldest when finished inputs of unfinished requests are too much', () => {
    collect({ maxBytes: 40 });
    for (const key of ['m/1', 'm/2', 'm/3']) add(key, { input: 'a', inputs: 2 });
    expect(givenUp).toEqual(['m/1']);
    expect(add('m/3', { input: 'b', inputs: 2 })).toBeDefined();
  });

  it('gives up the oldest when unfinished inputs are too much, or too many', () => {
    collect({ maxBytes: 20 });
    add('m/1', { total: 2 }, bytes.subarray(0, 12));
    add('m/2', { total: 2 }, bytes.subarray(0, 12));
    expect(givenUp).toEqual(['m/1']);
    collect();
    for (let at = 0; at < 300; at += 1) add(`m/${at}`, { total: 2 }, bytes.subarray(0, 4));
    expect(givenUp).toHaveLength(300 - 256);
  });

  it('forgets a request whose chunks contradict one another', () => {
    collect();
    add('m/r', { total: 2 }, bytes.subarray(0, 8));
    expect(() => add('m/r', { total: 3, seq: 1, offset: 8 }, bytes.subarray(8))).toThrow(
      coded('ISO_ERR_WIRE_MALFORMED'),
    );
    expect(collector.clear()).toEqual([]);
  });

  it('refuses what announces more than any tensor may have', () => {
    collect();
    expect(() => add('m/r', { shape: [2 ** 31 - 1, 2 ** 20] })).toThrow(coded('ISO_ERR_WIRE_TOO_LARGE'));
    expect(collector.clear()).toEqual([]);
  });
});
