import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chunkRanges } from '../../src/wire/chunks.ts';
import { elementsOf, Reassembly, type TensorChunk } from '../../src/wire/reassembly.ts';
import { ReassemblyTable } from '../../src/wire/reassembly-table.ts';

const type = { dtype: 'float32', shape: [1, 3, 5, 7] } as const;
const source = new Uint8Array(4 * 105).map((_, at) => at);

function chunksOf(chunkBytes: number, bytes = source, of: object = type): [TensorChunk, Uint8Array][] {
  return chunkRanges(bytes.length, chunkBytes, 4).map(({ length, ...place }) => [
    { ...(of as typeof type), ...place },
    bytes.subarray(place.offset, place.offset + length),
  ]);
}

const refused = (reason: RegExp) =>
  expect.objectContaining({ code: 'ISO_ERR_WIRE_MALFORMED', message: expect.stringMatching(reason) });

describe('chunkRanges', () => {
  it('covers without gaps, in whole elements', () => {
    fc.assert(
      fc.property(
        fc.nat(5000),
        fc.integer({ min: 1, max: 700 }),
        fc.constantFrom(1, 2, 4, 8),
        (n, chunk, e) => {
          const ranges = chunkRanges(n * e, chunk, e);
          let end = 0;
          for (const [at, { seq, total, offset, length }] of ranges.entries()) {
            expect([seq, total, offset, offset % e]).toEqual([at, ranges.length, end, 0]);
            expect(length).toBeLessThanOrEqual(Math.max(chunk, e));
            end += length;
          }
          expect(end).toBe(n * e);
        },
      ),
    );
  });

  it('sends one empty chunk for a tensor without elements', () => {
    expect(chunkRanges(0)).toEqual([{ seq: 0, total: 1, offset: 0, length: 0 }]);
  });
});

describe('Reassembly', () => {
  it('takes chunks in any order, twice, with and without an expectation', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 200 }),
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 20 }),
        (chunkBytes, expecting, seeds) => {
          const chunks = chunksOf(chunkBytes);
          const order = [...chunks.keys()].sort((a, b) => ((a * 7919) % 13) - ((b * 7919) % 13));
          const all = [...seeds.map((seed) => seed % chunks.length), ...order];
          const tensor = new Reassembly('t', chunks[all[0]!]![0], expecting ? { expect: type } : {});
          for (const at of all) tensor.add(...chunks[at]!);
          expect(tensor.complete).toBe(true);
          expect(tensor.take()).toEqual(source);
        },
      ),
    );
  });

  it('hands each chunk to a sink once', () => {
    const seen: number[] = [];
    const chunks = chunksOf(100);
    const tensor = new Reassembly('t', chunks[0]![0], { sink: (offset) => seen.push(offset) });
    for (const [chunk, bytes] of [...chunks, ...chunks]) tensor.add(chunk, bytes);
    expect(seen).toEqual([0, 100, 200, 300, 400]);
    expect(tensor.take()).toBeUndefined();
    expect(tensor.heldBytes).toBe(0);
  });

  it('completes a tensor without elements', () => {
    const chunk: TensorChunk = { dtype: 'int64', shape: [0, 4], seq: 0, total: 1, offset: 0 };
    const tensor = new Reassembly('t', chunk);
    expect(tensor.add(chunk, new Uint8Array())).toBe(true);
    expect(elementsOf('int64', tensor.take()!)).toHaveLength(0);
  });

  it('holds what has arrived, not what was announced', () => {
    const chunk: TensorChunk = { dtype: 'float32', shape: [2 ** 26], seq: 5, total: 512, offset: 4096 };
    const tensor = new Reassembly('t', chunk);
    tensor.add(chunk, new Uint8Array(64));
    expect(tensor.heldBytes).toBe(64);
  });

  it.each([
    ['announces too much', { shape: [2 ** 31 - 1, 2 ** 31 - 1] }],
    ['announces more than any number', { shape: new Array(8).fill(2 ** 31 - 1) }],
  ])('refuses a tensor that %s', (_, extra) => {
    expect(() => new Reassembly('t', { ...type, seq: 0, total: 1, offset: 0, ...extra })).toThrow(
      expect.objectContaining({ code: 'ISO_ERR_WIRE_TOO_LARGE' }),
    );
  });

  it('refuses what it does not expect', () => {
    const [chunk] = chunksOf(100)[0]!;
    expect(() => new Reassembly('t', chunk, { expect: { dtype: 'float32', shape: [1, 3, 7, 5] } })).toThrow(
      refused(/holds float32 \[1, 3, 5, 7\] where float32 \[1, 3, 7, 5\] is expected/),
    );
  });

  it.each([
    ['another total', { total: 9 }, /in 9, not/],
    ['another type', { dtype: 'int32' }, /is of int32/],
    ['a place beyond its end', { offset: 400 }, /ends at 500 of 420/],
    ['a sequence number beyond the total', { seq: 5 }, /chunk 5 of 5/],
  ])('refuses a chunk with %s', (_, extra, reason) => {
    const chunks = chunksOf(100);
    const tensor = new Reassembly('t', chunks[0]![0]);
    expect(() => tensor.add({ ...chunks[1]![0], ...(extra as object) }, chunks[1]![1])).toThrow(
      refused(reason),
    );
  });

  it('refuses chunks that overlap and leave a hole', () => {
    const chunks = chunksOf(100);
    const tensor = new Reassembly('t', chunks[0]![0]);
    for (const [chunk, bytes] of chunks.slice(0, 4)) {
      tensor.add(chunk.seq === 1 ? { ...chunk, offset: 0 } : chunk, bytes);
    }
    expect(() => tensor.add(...chunks[4]!)).toThrow(refused(/chunk 1 begins at 0, not at 100/));
  });

  it('refuses chunks that hold too little', () => {
    const chunk = { ...type, seq: 0, total: 1, offset: 0 };
    expect(() => new Reassembly('t', chunk).add(chunk, source.subarray(4))).toThrow(
      refused(/416 of 420 bytes/),
    );
  });
});

describe('elementsOf', () => {
  it('reads bytes at any offset', () => {
    const bytes = new Uint8Array(17);
    new DataView(bytes.buffer).setFloat64(1, 2.5, true);
    expect([...elementsOf('float64', bytes.subarray(1, 9))]).toEqual([2.5]);
  });
});

describe('ReassemblyTable', () => {
  it('joins tensors that arrive mixed', () => {
    const table = new ReassemblyTable();
    const done: string[] = [];
    for (const [chunk, bytes] of chunksOf(100)) {
      for (const key of ['a', 'b']) if (table.add(key, 't', chunk, bytes)) done.push(key);
    }
    expect(done).toEqual(['a', 'b']);
    expect([table.size, table.heldBytes]).toEqual([0, 0]);
  });

  it('gives up the oldest when there are too many', () => {
    const evicted: string[] = [];
    const table = new ReassemblyTable({ maxEntries: 3, onEvict: (key) => evicted.push(key) });
    const [chunk, bytes] = chunksOf(100)[0]!;
    for (const key of ['a', 'b', 'c', 'd', 'e']) table.add(key, 't', chunk, bytes);
    expect(evicted).toEqual(['a', 'b']);
    expect([table.size, table.heldBytes]).toEqual([3, 300]);
  });

  it('gives up the oldest when they hold too much, and at last the one that grows', () => {
    const evicted: string[] = [];
    const table = new ReassemblyTable({ maxBytes: 250, onEvict: (key) => evicted.push(key) });
    const chunks = chunksOf(100);
    for (const at of [0, 1]) table.add('a', 't', ...chunks[at]!);
    table.add('b', 't', ...chunks[0]!);
    expect(evicted).toEqual(['a']);
    for (const at of [1, 2]) table.add('b', 't', ...chunks[at]!);
    expect(evicted).toEqual(['a', 'b']);
    expect([table.size, table.heldBytes]).toEqual([0, 0]);
  });

  it('forgets a tensor whose chunks contradict one another', () => {
    const table = new ReassemblyTable();
    const chunks = chunksOf(100);
    table.add('a', 't', ...chunks[0]!);
    expect(() => table.add('a', 't', { ...chunks[1]![0], total: 7 }, chunks[1]![1])).toThrow();
    expect([table.size, table.heldBytes]).toEqual([0, 0]);
  });

  it('counts an expected tensor whole', () => {
    const table = new ReassemblyTable();
    table.add('a', 't', ...chunksOf(100)[0]!, { expect: type });
    expect(table.heldBytes).toBe(420);
    table.drop('a');
    table.drop('a');
    expect(table.heldBytes).toBe(0);
  });
});
