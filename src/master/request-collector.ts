import { IsobathError } from '../base/errors.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { InferChunk, InferOptions } from '../wire/messages/inference.ts';
import { elementsOf } from '../wire/reassembly.ts';
import { ReassemblyTable } from '../wire/reassembly-table.ts';

/** A request that is complete: a file to read, or tensors by input name ('' where the client named none). */
export interface CompleteRequest {
  readonly file?: Uint8Array;
  readonly tensors?: ReadonlyMap<string, Tensor>;
  readonly options: InferOptions;
}

export interface RequestCollectorOptions {
  /** Told of each request that will never be complete, and why. */
  readonly onGiveUp?: (key: string, error: IsobathError) => void;
  /** Memory of inputs that wait for others, and again so much of inputs under way. Default 512 MiB. */
  readonly maxBytes?: number;
  /** A request of which nothing more came for so long is given up. Default 60000 ms. */
  readonly partTimeoutMs?: number;
}

interface Partial {
  readonly tensors: Map<string, Tensor>;
  readonly options: InferOptions;
  readonly timer: NodeJS.Timeout;
  /** Memory of `tensors`. */
  bytes: number;
}

const MAX_REQUESTS = 256;

/** Puts requests together from their chunks. Memory and time are bounded; what cannot be completed is given up, aloud. */
export class RequestCollector {
  readonly #options: RequestCollectorOptions;
  readonly #maxBytes: number;
  readonly #table: ReassemblyTable;
  readonly #partial = new Map<string, Partial>();
  #heldBytes = 0;

  constructor(options: RequestCollectorOptions = {}) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? 2 ** 29;
    this.#table = new ReassemblyTable({
      maxBytes: this.#maxBytes,
      maxEntries: MAX_REQUESTS,
      onEvict: (key) => this.#giveUp(key.slice(0, key.indexOf('\0')), 'too much else is under way'),
    });
  }

  /**
   * Gives the request when `chunk` completed it. Throws as `ReassemblyTable.add` does; the request is forgotten then.
   */
  add(key: string, topic: string, chunk: InferChunk, bytes: Uint8Array): CompleteRequest | undefined {
    const partial = this.#partialOf(key, chunk.options ?? {});
    const input = chunk.kind === 'tensor' ? (chunk.input ?? '') : '';
    if (partial.tensors.has(input)) return undefined;
    const type =
      chunk.kind === 'tensor' ? chunk : ({ ...chunk, dtype: 'uint8', shape: [chunk.bytes] } as const);
    let content: Uint8Array | undefined;
    try {
      content = this.#table.add(`${key}\0${input}`, topic, type, bytes)?.take();
    } catch (error) {
      this.drop(key);
      throw error;
    }
    if (!content) return undefined;
    const { tensors, options } = partial;
    if (chunk.kind === 'image') {
      this.drop(key);
      return { file: content, options };
    }
    tensors.set(input, Tensor.of(chunk.dtype, chunk.shape, elementsOf(chunk.dtype, content)));
    if (tensors.size >= (chunk.inputs ?? 1)) {
      this.drop(key);
      return { tensors, options };
    }
    partial.bytes += content.length;
    this.#heldBytes += content.length;
    this.#makeRoom();
    return undefined;
  }

  /** Forgets what came of a request. */
  drop(key: string): void {
    const partial = this.#partial.get(key);
    if (!partial) return;
    clearTimeout(partial.timer);
    this.#heldBytes -= partial.bytes;
    this.#partial.delete(key);
    this.#table.dropAll(`${key}\0`);
  }

  /** Forgets all requests and gives their keys. */
  clear(): string[] {
    const keys = [...this.#partial.keys()];
    for (const key of keys) this.drop(key);
    return keys;
  }

  #partialOf(key: string, options: InferOptions): Partial {
    const known = this.#partial.get(key);
    if (known) {
      known.timer.refresh();
      return known;
    }
    const { partTimeoutMs = 60_000 } = this.#options;
    const late = () => this.#giveUp(key, `nothing more of it came for ${partTimeoutMs / 1000} s`);
    const timer = setTimeout(late, partTimeoutMs).unref();
    const partial = { tensors: new Map(), options, timer, bytes: 0 };
    this.#partial.set(key, partial);
    this.#makeRoom();
    return partial;
  }

  #makeRoom(): void {
    for (const key of this.#partial.keys()) {
      if (this.#partial.size <= MAX_REQUESTS && this.#heldBytes <= this.#maxBytes) return;
      this.#giveUp(key, 'too much else is under way');
    }
  }

  #giveUp(key: string, why: string): void {
    if (!this.#partial.has(key)) return;
    this.drop(key);
    const reason = `not all of its parts arrived: ${why}`;
    this.#options.onGiveUp?.(key, IsobathError.of('ISO_ERR_REQUEST_INVALID', { reason }));
  }
}

/** A request as it is on the wire when its sender knows nothing of our framing. */
export function plainRequest(payload: Uint8Array): CompleteRequest {
  if (payload.length === 0) throw IsobathError.of('ISO_ERR_REQUEST_INVALID', { reason: 'it is empty' });
  return { file: payload, options: { outputs: 'labels' } };
}
