import { Reassembly, type ReassemblyOptions, type TensorChunk } from './reassembly.ts';

export interface ReassemblyTableOptions {
  /** Tensors under way at a time. Default 256. */
  readonly maxEntries?: number;
  /** Memory of all tensors under way. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Told of each tensor that was given up to make room. */
  readonly onEvict?: (key: string) => void;
}

/**
 * Reassemblies under way, by key. Whoever publishes on a topic can begin tensors and never end them; the table then
 * gives up the oldest ones, so its memory is bounded by what `maxEntries` and `maxBytes` say.
 */
export class ReassemblyTable {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #onEvict: (key: string) => void;
  /** In the order of beginning: a Map keeps it. */
  readonly #entries = new Map<string, Reassembly>();
  #heldBytes = 0;

  constructor(options: ReassemblyTableOptions = {}) {
    this.#maxEntries = options.maxEntries ?? 256;
    this.#maxBytes = options.maxBytes ?? 256 * 2 ** 20;
    this.#onEvict = options.onEvict ?? (() => {});
  }

  get size(): number {
    return this.#entries.size;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Takes a chunk of the tensor `key`. Gives the reassembly when this chunk completed it, and forgets it then. Throws
   * as `Reassembly` does, and forgets the tensor, too: its chunks contradict one another.
   */
  add(
    key: string,
    topic: string,
    chunk: TensorChunk,
    bytes: Uint8Array,
    options?: ReassemblyOptions,
  ): Reassembly | undefined {
    const entry = this.#entries.get(key) ?? new Reassembly(topic, chunk, options);
    const before = this.#entries.has(key) ? entry.heldBytes : 0;
    this.#entries.set(key, entry);
    try {
      entry.add(chunk, bytes);
    } catch (error) {
      this.#heldBytes -= before;
      this.#entries.delete(key);
      throw error;
    }
    this.#heldBytes += entry.heldBytes - before;
    if (entry.complete) {
      this.drop(key);
      return entry;
    }
    this.#makeRoom(key);
    return undefined;
  }

  /** Forgets a tensor under way, for instance when its request has ended. */
  drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#heldBytes -= entry.heldBytes;
    this.#entries.delete(key);
  }

  /** Forgets all tensors under way whose key begins with `prefix`. */
  dropAll(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.drop(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#heldBytes = 0;
  }

  /** The tensor that just grew is kept unless it alone is too much. */
  #makeRoom(current: string): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#heldBytes <= this.#maxBytes) return;
      if (key === current && this.#entries.size > 1) continue;
      this.drop(key);
      this.#onEvict(key);
    }
    if (this.#heldBytes > this.#maxBytes) {
      this.drop(current);
      this.#onEvict(current);
    }
  }
}
