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

type PartListener = (header: BlobPart, bytes: Uint8Array) => void;

/** Pulls blobs from the master in parts: the agent sets the pace, and a lost part is asked for again. */
export class BlobFetcher {
  readonly #options: BlobFetcherOptions;
  readonly #listeners = new Map<string, PartListener>();
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
      this.#listeners.get(address.sha256)?.(header, bytes);
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  /** Fetches one blob into the cache. Throws ISO_ERR_BLOB_UNAVAILABLE, ISO_ERR_BLOB_CORRUPT, ISO_ERR_CACHE_UNUSABLE. */
  async fetch(blob: BlobRef): Promise<void> {
    const { cache, window = 4 } = this.#options;
    const writer = await cache.create(blob.sha256);
    const offsets = offsetsOf(blob.bytes);
    try {
      const waiting = new Map<number, (part: { header: BlobPart; bytes: Uint8Array }) => void>();
      this.#listeners.set(blob.sha256, (header, bytes) => waiting.get(header.offset)?.({ header, bytes }));
      const worker = async () => {
        for (let offset = offsets.shift(); offset !== undefined; offset = offsets.shift()) {
          const bytes = await this.#part(blob, offset, waiting);
          await writer.write(offset, bytes);
          this.#receivedBytes += bytes.length;
        }
      };
      await Promise.all(Array.from({ length: window }, worker));
    } catch (error) {
      await writer.abort();
      throw error;
    } finally {
      this.#listeners.delete(blob.sha256);
    }
    await writer.commit();
  }

  async #part(
    blob: BlobRef,
    offset: number,
    waiting: Map<number, (part: { header: BlobPart; bytes: Uint8Array }) => void>,
  ): Promise<Uint8Array> {
    const { bus, topics, agent, partTimeoutMs = 5000, maxTries = 12 } = this.#options;
    const length = Math.min(CHUNK_BYTES, blob.bytes - offset);
    const ask = encodeMessage({ v: VERSION, offset, length });
    for (let attempt = 0; attempt < maxTries; attempt += 1) {
      const answer = new Promise<{ header: BlobPart; bytes: Uint8Array } | undefined>((resolve) => {
        const timer = setTimeout(resolve, partTimeoutMs, undefined);
        waiting.set(offset, (part) => {
          clearTimeout(timer);
          resolve(part);
        });
      });
      // a broker that is away for a moment is the same as a lost question
      await bus.publish(topics.blobGet(blob.sha256, agent), ask).catch(() => undefined);
      const part = await answer;
      waiting.delete(offset);
      if (part?.header.total === 0 && blob.bytes > 0)
        throw this.#unavailable(blob, 'the master does not have it');
      if (part && part.header.total === blob.bytes && part.bytes.length === length) return part.bytes;
    }
    throw this.#unavailable(blob, 'the master does not answer');
  }

  #unavailable(blob: BlobRef, reason: string): IsobathError {
    return IsobathError.of('ISO_ERR_BLOB_UNAVAILABLE', { blob: blob.sha256, reason });
  }
}

function offsetsOf(bytes: number): number[] {
  return Array.from({ length: Math.ceil(bytes / CHUNK_BYTES) }, (_, at) => at * CHUNK_BYTES);
}
