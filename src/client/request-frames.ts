import { bytesOf } from '../tensor/tensor.ts';
import { CHUNK_BYTES, chunkRanges } from '../wire/chunks.ts';
import { encodeFrame, type Unsealed } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { InferChunk, InferOptions } from '../wire/messages/inference.ts';
import type { InferencePayload } from './inference.ts';

/** The chunks of a request, made as they are sent. Every one bears the options: any may arrive first. */
export function* requestFrames(
  payload: InferencePayload,
  options: InferOptions,
  chunkBytes = CHUNK_BYTES,
): Generator<Buffer> {
  if ('file' in payload) {
    const { file } = payload;
    for (const { length, ...place } of chunkRanges(file.length, chunkBytes)) {
      const header = { v: VERSION, kind: 'image', ...place, bytes: file.length, options } as const;
      yield frame(header, file.subarray(place.offset, place.offset + length));
    }
    return;
  }
  const { tensors } = payload;
  for (const [input, { dtype, shape, data }] of tensors) {
    const bytes = bytesOf(data);
    const type = { input, inputs: tensors.size, dtype, shape };
    for (const { length, ...place } of chunkRanges(bytes.length, chunkBytes, data.BYTES_PER_ELEMENT)) {
      const header = { v: VERSION, kind: 'tensor', ...type, ...place, options } as const;
      yield frame(header, bytes.subarray(place.offset, place.offset + length));
    }
  }
}

function frame(header: Unsealed<InferChunk>, bytes: Uint8Array): Buffer {
  return encodeFrame<InferChunk>(header, bytes.length, (target) => target.set(bytes));
}
