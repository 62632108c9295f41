import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { Bus } from '../transport/bus.ts';
import { CHUNK_BYTES } from '../wire/chunks.ts';
import { decodeMessage, encodeFrame } from '../wire/codec.ts';
import { BLOB_GET, type BlobPart } from '../wire/messages/blob.ts';
import { VERSION } from '../wire/messages/common.ts';
import { parseTopic } from '../wire/parse-topic.ts';
import type { Topics } from '../wire/topics.ts';
import type { Blob } from './packed-program.ts';

export interface BlobServerOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly logger: Logger;
}

/** Cut filters are made anew when read; the last few are kept while their parts are asked for. */
const KEPT_BLOBS = 8;

/** Answers the agents' requests for parts of programs and filters. */
export class BlobServer implements Service {
  readonly #options: BlobServerOptions;
  readonly #blobs = new Map<string, { readonly blob: Blob; users: number }>();
  readonly #recent = new Map<string, Uint8Array>();
  #unsubscribe: (() => Promise<void>) | undefined;
  readonly #servedListeners = new Set<(agent: string) => void>();
  #sentBytes = 0;

  constructor(options: BlobServerOptions) {
    this.#options = options;
  }

  /** Bytes of programs and filters sent since the start. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  async start(): Promise<void> {
    const { bus, topics } = this.#options;
    this.#unsubscribe = await bus.subscribe(topics.everyBlobGet(), (topic, payload) =>
      this.#onGet(topic, payload),
    );
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#recent.clear();
  }

  /** Tells each time an agent is served. */
  onServed(listener: (agent: string) => void): () => void {
    this.#servedListeners.add(listener);
    return () => this.#servedListeners.delete(listener);
  }

  offer(blobs: Iterable<Blob>): void {
    for (const blob of blobs) {
      const entry = this.#blobs.get(blob.sha256) ?? { blob, users: 0 };
      entry.users += 1;
      this.#blobs.set(blob.sha256, entry);
    }
  }

  withdraw(blobs: Iterable<Blob>): void {
    for (const { sha256 } of blobs) {
      const entry = this.#blobs.get(sha256);
      if (!entry || --entry.users > 0) continue;
      this.#blobs.delete(sha256);
      this.#recent.delete(sha256);
    }
  }

  #onGet(topic: string, payload: Uint8Array): void {
    const { bus, topics, logger } = this.#options;
    const address = parseTopic(topics.cluster, topic);
    if (address?.kind !== 'blob-get') return;
    const { sha256, agent } = address;
    const { offset, length } = decodeMessage(BLOB_GET, topic, payload);
    const content = this.#contentOf(sha256);
    const part = content?.subarray(offset, offset + Math.min(length, CHUNK_BYTES)) ?? new Uint8Array();
    const header = { v: VERSION, offset, total: content?.length ?? 0 } as const;
    const frame = encodeFrame<BlobPart>(header, part.length, (target) => target.set(part));
    this.#sentBytes += part.length;
    for (const listener of this.#servedListeners) listener(agent);
    bus.publish(topics.blobPart(sha256, agent), frame).catch((error: unknown) => {
      logger.debug({ agent, code: IsobathError.from(error).code }, 'A part of a program could not be sent.');
    });
  }

  #contentOf(sha256: string): Uint8Array | undefined {
    const kept = this.#recent.get(sha256);
    const content = kept ?? this.#blobs.get(sha256)?.blob.read();
    if (!content) return undefined;
    this.#recent.delete(sha256);
    this.#recent.set(sha256, content);
    if (this.#recent.size > KEPT_BLOBS) this.#recent.delete(this.#recent.keys().next().value!);
    return content;
  }
}
