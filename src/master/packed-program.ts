import { createHash } from 'node:crypto';
import { writeOnnx } from '../formats/onnx/write.ts';
import type { Graph } from '../graph/graph.ts';
import { bytesOf, type Tensor } from '../tensor/tensor.ts';
import type { BlobRef } from '../wire/messages/control.ts';

/** Constants smaller than this stay inside the program: a message of their own would cost more. */
const FILTER_BLOB_BYTES = 1024;

export interface Blob extends BlobRef {
  /** The content; made anew at each call where keeping it would cost memory. */
  read(): Uint8Array;
}

/** A program as it travels: a small ONNX model, and its filters as blobs named by their content. */
export interface PackedProgram {
  readonly program: Blob;
  /** Of its later legs, too. */
  readonly filters: readonly Blob[];
  /** The programs of its later legs. */
  readonly later?: readonly Blob[];
}

/** Writes programs and names their parts; a filter bank that many programs share is hashed once. */
export class ProgramPacker {
  readonly #names = new WeakMap<Tensor, string>();

  pack(program: Graph): PackedProgram {
    const filters = new Map<string, Blob>();
    const bytes = writeOnnx(program, {
      external: (_, tensor) => {
        if (tensor.byteLength < FILTER_BLOB_BYTES) return undefined;
        const sha256 = this.#nameOf(tensor);
        filters.set(sha256, { sha256, bytes: tensor.byteLength, read: () => bytesOf(tensor.data) });
        return { location: sha256 };
      },
    });
    const blob: Blob = { sha256: hashOf(bytes), bytes: bytes.length, read: () => bytes };
    return { program: blob, filters: [...filters.values()] };
  }

  #nameOf(tensor: Tensor): string {
    let name = this.#names.get(tensor);
    if (name === undefined) {
      name = hashOf(bytesOf(tensor.data));
      this.#names.set(tensor, name);
    }
    return name;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
