import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BlobCache } from '../../src/agent/blob-cache.ts';
import { BlobFetcher, type BlobFetcherOptions } from '../../src/agent/blob-fetcher.ts';
import { type MemoryBus, MemoryHub } from '../../src/transport/memory-bus.ts';
import { CHUNK_BYTES } from '../../src/wire/chunks.ts';
import { decodeMessage, encodeFrame } from '../../src/wire/codec.ts';
import { BLOB_GET, type BlobPart } from '../../src/wire/messages/blob.ts';
import { Topics } from '../../src/wire/topics.ts';
import { coded } from '../support/code.ts';
import { temporaryFolder } from '../support/temporary.ts';

const topics = new Topics('test');
const SIZE = 5 * CHUNK_BYTES + 17;
const content = Uint8Array.from({ length: SIZE }, (_, at) => (at * 31) ^ (at >> 9));
const sha256 = createHash('sha256').update(content).digest('hex');
const blob = { sha256, bytes: SIZE };

/** What the master answers; undefined: nothing. */
type Answer = (
  offset: number,
  length: number,
) => { offset?: number; total?: number; bytes: Uint8Array } | undefined;
const right: Answer = (offset, length) => ({ bytes: content.subarray(offset, offset + length) });

describe('fetching a blob', () => {
  let hub: MemoryHub;
  let buses: MemoryBus[];
  /** Longer than a loaded machine takes to answer. */
  const patient = { partTimeoutMs: 1000 };
  let directory: string;
  let cache: BlobCache;
  let asked: number[];
  beforeEach(async () => {
    hub = new MemoryHub();
    buses = [hub.bus(), hub.bus()];
    for (const bus of buses) await bus.start();
    directory = await temporaryFolder();
    cache = new BlobCache({ directory });
    asked = [];
  });
  afterEach(() => Promise.all(buses.map((bus) => bus.stop())));

  async function fetcherWith(
    answer: Answer,
    options: Partial<BlobFetcherOptions> = {},
  ): Promise<BlobFetcher> {
    const [own, master] = buses as [MemoryBus, MemoryBus];
    await master.subscribe(topics.everyBlobGet(), (topic, payload) => {
      const { offset, length } = decodeMessage(BLOB_GET, topic, payload);
      asked.push(offset);
      const part = answer(offset, length);
      if (!part) return;
      const header = { v: 1 as const, offset: part.offset ?? offset, total: part.total ?? SIZE };
      const frame = encodeFrame<BlobPart>(header, part.bytes.length, (target) => target.set(part.bytes));
      void master.publish(topics.blobPart(sha256, 'a'), frame);
    });
    const fetcher = new BlobFetcher({ bus: own, topics, agent: 'a', cache, partTimeoutMs: 30, ...options });
    await fetcher.start();
    return fetcher;
  }

  async function expectFetched(fetcher: BlobFetcher): Promise<void> {
    await fetcher.fetch(blob);
    expect(Buffer.compare(await readFile(cache.path(sha256)), content)).toBe(0);
    expect(await cache.holds(sha256, SIZE)).toBe(true);
  }

  it('asks for each part once, a window of them at a time', async () => {
    const fetcher = await fetcherWith(right, patient);
    await expectFetched(fetcher);
    expect(asked.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5].map((at) => at * CHUNK_BYTES));
    expect(fetcher.receivedBytes).toBe(SIZE);
  });

  it('asks again for what was lost, and takes nothing twice', async () => {
    const seen = new Map<string, number>();
    hub.copies = (topic) => {
      const count = (seen.get(topic) ?? 0) + 1;
      seen.set(topic, count);
      return count % 3;
    };
    const fetcher = await fetcherWith(right);
    await expectFetched(fetcher);
    expect(fetcher.receivedBytes).toBe(SIZE);
  });

  it.each([
    ['of another length', (_: number, length: number) => ({ bytes: new Uint8Array(length - 1) })],
    [
      'of another blob size',
      (_: number, length: number) => ({ total: SIZE + 1, bytes: new Uint8Array(length) }),
    ],
    ['of another place', (_: number, length: number) => ({ offset: 7, bytes: new Uint8Array(length) })],
  ])('asks again where the part is %s', async (_, wrong) => {
    let first = true;
    const fetcher = await fetcherWith((offset, length) => {
      if (!first) return right(offset, length);
      first = false;
      return wrong(offset, length);
    }, patient);
    await expectFetched(fetcher);
    expect(asked).toHaveLength(7);
  });

  it('keeps nothing of a blob with another content', async () => {
    const fetcher = await fetcherWith((_, length) => ({ bytes: new Uint8Array(length) }));
    await expect(fetcher.fetch(blob)).rejects.toEqual(coded('ISO_ERR_BLOB_CORRUPT', sha256));
    expect(await readdir(directory)).toEqual([]);
  });

  it('ends, and asks no more, when the master does not have it', async () => {
    const fetcher = await fetcherWith(() => ({ total: 0, bytes: new Uint8Array() }), {
      partTimeoutMs: 60_000,
    });
    await expect(fetcher.fetch(blob)).rejects.toEqual(coded('ISO_ERR_BLOB_UNAVAILABLE', 'does not have it'));
    expect(asked.length).toBeLessThanOrEqual(4);
    expect(await readdir(directory)).toEqual([]);
  });

  it('ends when the master does not answer', async () => {
    const fetcher = await fetcherWith(() => undefined, { partTimeoutMs: 5, maxTries: 3 });
    await expect(fetcher.fetch(blob)).rejects.toEqual(coded('ISO_ERR_BLOB_UNAVAILABLE', 'does not answer'));
    expect(new Set(asked).size).toBe(4);
    expect(await readdir(directory)).toEqual([]);
  });

  it('ends at once when the agent stops', async () => {
    let stop = () => {};
    const fetcher = await fetcherWith(
      () => {
        stop();
        return undefined;
      },
      { partTimeoutMs: 60_000 },
    );
    stop = () => void fetcher.stop();
    await expect(fetcher.fetch(blob)).rejects.toEqual(coded('ISO_ERR_BLOB_UNAVAILABLE', 'stops'));
    expect(await readdir(directory)).toEqual([]);
  });

  it('takes a size that nobody can have for what it is', async () => {
    const fetcher = await fetcherWith(() => undefined, { partTimeoutMs: 1, maxTries: 1 });
    const huge = { sha256, bytes: Number.MAX_SAFE_INTEGER };
    await expect(fetcher.fetch(huge)).rejects.toEqual(coded('ISO_ERR_BLOB_UNAVAILABLE'));
    expect(await readdir(directory)).toEqual([]);
  });

  it('fetches several at once, and an empty one without a question', async () => {
    const fetcher = await fetcherWith(right);
    const empty = createHash('sha256').digest('hex');
    await Promise.all([fetcher.fetch({ sha256: empty, bytes: 0 }), fetcher.fetch(blob)]);
    expect(await cache.holds(empty, 0)).toBe(true);
    expect(await cache.holds(sha256, SIZE)).toBe(true);
  });
});
