import { IsobathError } from '../base/errors.ts';
import type { Bus } from '../transport/bus.ts';
import { CHUNK_BYTES } from '../wire/chunks.ts';
import { decodeFrame, encodeMessage } from '../wire/codec.ts';
import { BLOB_PART, type BlobPart } from '../wire/messages/blob.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { BlobRef } from '../wire/messages/control.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import type { Topics } from '../wire/topics.ts';
import type { BlobCache } from './blob-cache.ts';

export interface BlobFetcherOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly agent: string;
  readonly cache: BlobCache;
  /** Parts asked for at a time. */
  readonly window?: number;
  /** A part that did not come within this is asked for again. */
  readonly partTimeoutMs?: number;
  /** A part is asked for at most this often. */
  readonly maxTries?: number;
}

/** One blob on its way: the parts that are waited for, by offset. */
interface Download {
  readonly waiting: Map<number, (part: Part | undefined) => void>;
  /** Why it ends before its time. */
  failure: Error | undefined;
}

interface Part {
  readonly header: BlobPart;
  readonly bytes: Uint8Array;
}

/** Pulls blobs from the master in parts: the agent sets the pace, and a lost part is asked for again. */
export class BlobFetcher {
  readonly #options: BlobFetcherOptions;
  readonly #downloads = new Map<string, Download>();
  #unsubscribe: (() => Promise<void>) | undefined;
  #receivedBytes = 0;

  constructor(options: BlobFetcherOptions) {
    this.#options = options;
  }

  /** Bytes of blobs that came over the network since the start. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  async start(): Promise<void> {
    const { bus, topics, agent } = this.#options;
    this.#unsubscribe = await bus.subscribe(topics.everyBlobPart(agent), (topic, payload) => {
      const address = parseTopic(topics.cluster, topic);
      if (address?.kind !== 'blob-part') return;
      const { header, bytes } = decodeFrame(BLOB_PART, topic, payload);
      this.#downloads.get(address.sha256)?.waiting.get(header.offset)?.({ header, bytes });
    });
  }

  /** What is under way fails at once. */
  async stop(): Promise<void> {
    for (const [sha256, download] of this.#downloads) fail(download, unavailable(sha256, 'the agent stops'));
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  /** Fetches one blob into the cache. Throws ISO_ERR_BLOB_UNAVAILABLE, ISO_ERR_BLOB_CORRUPT, ISO_ERR_CACHE_UNUSABLE. */
  async fetch(blob: BlobRef): Promise<void> {
    const { cache, window = 4 } = this.#options;
    const writer = await cache.create(blob.sha256);
    const download: Download = { waiting: new Map(), failure: undefined };
    this.#downloads.set(blob.sha256, download);
    let next = 0;
    const work = async () => {
      while (next < blob.bytes) {
        const offset = next;
        next += CHUNK_BYTES;
        const bytes = await this.#part(blob, offset, download);
        await writer.write(offset, bytes);
        this.#receivedBytes += bytes.length;
      }
    };
    const workers = Array.from({ length: window }, work);
    try {
      await Promise.all(workers);
    } catch (error) {
      fail(download, error as Error);
      await Promise.allSettled(workers);
      await writer.abort();
      throw error;
    } finally {
      this.#downloads.delete(blob.sha256);
    }
    await writer.commit();
  }

  async #part(blob: BlobRef, offset: number, download: Download): Promise<Uint8Array> {
    const { bus, topics, agent, partTimeoutMs = 5000, maxTries = 12 } = this.#options;
    const length = Math.min(CHUNK_BYTES, blob.bytes - offset);
    const ask = encodeMessage({ v: VERSION, offset, length });
    for (let attempt = 0; attempt < maxTries; attempt += 1) {
      if (download.failure) throw download.failure;
      const answer = answerFor(download, offset, partTimeoutMs);
      // a broker that is away for a moment is the same as a lost question
      await bus.publish(topics.blobGet(blob.sha256, agent), ask).catch(() => undefined);
      const part = await answer;
      if (part?.header.total === 0 && blob.bytes > 0)
        throw unavailable(blob.sha256, 'the master does not have it');
      if (part && part.header.total === blob.bytes && part.bytes.length === length) return part.bytes;
    }
    throw download.failure ?? unavailable(blob.sha256, 'the master does not answer');
  }
}

/** The part at `offset`, or undefined when it does not come in time or the download has failed. */
function answerFor(download: Download, offset: number, timeoutMs: number): Promise<Part | undefined> {
  return new Promise((resolve) => {
    const settle = (part: Part | undefined) => {
      clearTimeout(timer);
      download.waiting.delete(offset);
      resolve(part);
    };
    const timer = setTimeout(settle, timeoutMs, undefined);
    download.waiting.set(offset, settle);
  });
}

function fail(download: Download, error: Error): void {
  download.failure ??= error;
  for (const settle of [...download.waiting.values()]) settle(undefined);
}

function unavailable(blob: string, reason: string): IsobathError {
  return IsobathError.of('ISO_ERR_BLOB_UNAVAILABLE', { blob, reason });
}
