import type { ChunkPlace } from './messages/common.ts';

/** Stock brokers cap a packet at 1 MB (EMQX) or 2 MB (Mosquitto 2.1). */
export const CHUNK_BYTES = 512 * 1024;

/** A chunk of a tensor: its place, and its length in bytes. */
export interface ChunkRange extends ChunkPlace {
  readonly length: number;
}

/**
 * Cuts `byteLength` bytes into chunks of at most `chunkBytes`, each a whole number of elements. A tensor without elements
 * is one empty chunk: its receiver waits for it like for any other.
 */
export function chunkRanges(byteLength: number, chunkBytes = CHUNK_BYTES, elementBytes = 1): ChunkRange[] {
  const step = Math.max(1, Math.floor(chunkBytes / elementBytes)) * elementBytes;
  const total = Math.max(1, Math.ceil(byteLength / step));
  return Array.from({ length: total }, (_, seq) => {
    const offset = seq * step;
    return { seq, total, offset, length: Math.min(step, byteLength - offset) };
  });
}
