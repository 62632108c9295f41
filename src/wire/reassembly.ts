import { IsobathError } from '../base/errors.ts';
import { ARRAYS, type DType, elementBytes, type TypedArray } from '../tensor/dtype.ts';
import { sizeOf } from '../tensor/region.ts';
import type { TensorType } from '../tensor/tensor.ts';
import type { ChunkPlace } from './messages/common.ts';

/** What a reassembly reads of a chunk's header. A picture is a `uint8` tensor of its file's bytes. */
export type TensorChunk = TensorType & ChunkPlace;

export interface ReassemblyOptions {
  /** What the receiver waits for. A chunk of anything else is refused, and the tensor is allocated at once. */
  readonly expect?: TensorType;
  /** Takes the bytes as they arrive, each once, in any order; the bytes are only lent for the call. */
  readonly sink?: (offset: number, bytes: Uint8Array) => void;
  /** A tensor that announces more is refused before anything is allocated. Default 1 GiB. */
  readonly maxTensorBytes?: number;
}

export const MAX_TENSOR_BYTES = 2 ** 30;

/**
 * Puts one tensor together from its chunks, in whatever order they come; a chunk that comes twice is ignored.
 *
 * Without `expect` and `sink` the memory held is what has arrived, never what was announced: the chunks are kept and
 * joined when the last one is there. With `expect` the tensor is allocated at the first chunk and each is copied once.
 */
export class Reassembly {
  readonly type: TensorType;
  readonly #topic: string;
  readonly #total: number;
  readonly #byteLength: number;
  readonly #sink: ((offset: number, bytes: Uint8Array) => void) | undefined;
  readonly #arrived = new Map<number, { readonly offset: number; readonly length: number }>();
  readonly #kept: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  #buffer: Uint8Array | undefined;
  #heldBytes = 0;

  /** `first` is the header of whichever chunk came first. Throws as `add` does. */
  constructor(topic: string, first: TensorChunk, options: ReassemblyOptions = {}) {
    const { expect, sink, maxTensorBytes = MAX_TENSOR_BYTES } = options;
    this.type = { dtype: first.dtype, shape: first.shape };
    this.#topic = topic;
    this.#total = first.total;
    this.#sink = sink;
    if (expect !== undefined && !sameType(expect, first)) {
      this.#refuse(`it holds ${nameOf(first)} where ${nameOf(expect)} is expected`);
    }
    this.#byteLength = sizeOf(first.shape) * elementBytes(first.dtype);
    if (!(this.#byteLength <= maxTensorBytes)) {
      throw IsobathError.of('ISO_ERR_WIRE_TOO_LARGE', {
        topic,
        bytes: this.#byteLength,
        limit: maxTensorBytes,
      });
    }
    if (expect !== undefined && sink === undefined) this.#allocate();
  }

  get complete(): boolean {
    return this.#arrived.size === this.#total;
  }

  /** Memory that this reassembly holds. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Takes a chunk and tells whether the tensor is complete. Throws ISO_ERR_WIRE_MALFORMED where the chunk contradicts
   * the first one or the chunks do not cover the tensor; the reassembly is of no use after that.
   */
  add(chunk: TensorChunk, bytes: Uint8Array): boolean {
    const { seq, total, offset } = chunk;
    if (total !== this.#total || !sameType(chunk, this.type)) {
      this.#refuse(
        `chunk ${seq} is of ${nameOf(chunk)} in ${total}, not ${nameOf(this.type)} in ${this.#total}`,
      );
    }
    if (seq >= total) this.#refuse(`it is chunk ${seq} of ${total}`);
    if (offset + bytes.length > this.#byteLength) {
      this.#refuse(`chunk ${seq} ends at ${offset + bytes.length} of ${this.#byteLength} bytes`);
    }
    if (this.#arrived.has(seq)) return this.complete;
    this.#arrived.set(seq, { offset, length: bytes.length });
    this.#take(offset, bytes);
    if (this.complete) this.#requireCover();
    return this.complete;
  }

  /** The bytes of a complete tensor, aligned for any element type; undefined where a sink took them. */
  take(): Uint8Array | undefined {
    if (!this.complete) throw new RangeError('the tensor is not complete');
    if (this.#sink !== undefined) return undefined;
    if (this.#buffer === undefined) {
      this.#allocate();
      for (const { offset, bytes } of this.#kept.splice(0)) this.#buffer!.set(bytes, offset);
    }
    return this.#buffer;
  }

  #take(offset: number, bytes: Uint8Array): void {
    if (this.#sink !== undefined) this.#sink(offset, bytes);
    else if (this.#buffer !== undefined) this.#buffer.set(bytes, offset);
    else {
      this.#kept.push({ offset, bytes });
      this.#heldBytes += bytes.length;
    }
  }

  #allocate(): void {
    // not zeroed: nobody sees it before every byte of it was written
    const { buffer } = Buffer.allocUnsafeSlow(this.#byteLength);
    this.#buffer = new Uint8Array(buffer);
    this.#heldBytes = this.#byteLength;
  }

  /** Chunks in the order of `seq` must follow one another without gap or overlap. */
  #requireCover(): void {
    let end = 0;
    for (let seq = 0; seq < this.#total; seq += 1) {
      const { offset, length } = this.#arrived.get(seq)!;
      if (offset !== end) this.#refuse(`chunk ${seq} begins at ${offset}, not at ${end}`);
      end += length;
    }
    if (end !== this.#byteLength) this.#refuse(`its chunks hold ${end} of ${this.#byteLength} bytes`);
  }

  #refuse(reason: string): never {
    throw IsobathError.of('ISO_ERR_WIRE_MALFORMED', { topic: this.#topic, reason });
  }
}

/** The elements of raw little-endian bytes; copied only where the bytes are not aligned for the type. */
export function elementsOf(dtype: DType, bytes: Uint8Array): TypedArray {
  const width = elementBytes(dtype);
  // not `slice`, which makes a view of a Buffer
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new ARRAYS[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / width);
}

function sameType(a: TensorType, b: TensorType): boolean {
  return (
    a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((n, at) => n === b.shape[at])
  );
}

function nameOf({ dtype, shape }: TensorType): string {
  return `${dtype} [${shape.join(', ')}]`;
}
