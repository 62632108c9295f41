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

interface Partial {
  readonly tensors: Map<string, Tensor>;
  readonly options: InferOptions;
}

const MAX_REQUESTS = 256;

/** Puts requests together from their chunks. Memory is bounded; the oldest incomplete request is given up. */
export class RequestCollector {
  readonly #table: ReassemblyTable;
  readonly #partial = new Map<string, Partial>();

  constructor(maxBytes = 512 * 2 ** 20) {
    this.#table = new ReassemblyTable({ maxBytes, maxEntries: MAX_REQUESTS });
  }

  /** Gives the request when `chunk` completed it. Throws as `ReassemblyTable.add` does. */
  add(key: string, topic: string, chunk: InferChunk, bytes: Uint8Array): CompleteRequest | undefined {
    const partial = this.#partial.get(key) ?? { tensors: new Map(), options: chunk.options ?? {} };
    this.#partial.set(key, partial);
    if (this.#partial.size > MAX_REQUESTS) this.#partial.delete(this.#partial.keys().next().value!);
    const input = chunk.kind === 'tensor' ? (chunk.input ?? '') : '';
    const type =
      chunk.kind === 'tensor' ? chunk : ({ ...chunk, dtype: 'uint8', shape: [chunk.bytes] } as const);
    const done = this.#table.add(`${key}\0${input}`, topic, type, bytes);
    if (!done) return undefined;
    const content = done.take()!;
    if (chunk.kind === 'image') {
      this.#partial.delete(key);
      return { file: content, options: partial.options };
    }
    partial.tensors.set(input, Tensor.of(chunk.dtype, chunk.shape, elementsOf(chunk.dtype, content)));
    if (partial.tensors.size < (chunk.inputs ?? 1)) return undefined;
    this.#partial.delete(key);
    return { tensors: partial.tensors, options: partial.options };
  }
}

/** A request as it is on the wire when its sender knows nothing of our framing. */
export function plainRequest(payload: Uint8Array): CompleteRequest {
  if (payload.length === 0) throw IsobathError.of('ISO_ERR_REQUEST_INVALID', { reason: 'it is empty' });
  return { file: payload, options: { outputs: 'labels' } };
}
