import type { ErrorJson } from '../../base/errors.ts';
import type { TensorType } from '../../tensor/tensor.ts';
import { anyObject, integer, literal, object, oneOf, optional, tagged, text } from '../check.ts';
import {
  type ChunkPlace,
  chunkPlace,
  crc32,
  dtype,
  errorJson,
  type MessageKind,
  shape,
  type Version,
  version,
} from './common.ts';

export interface InferOptions {
  /** How many of the best classes the summary names. */
  readonly top?: number;
  /** `tensors`: the outputs travel back; `labels`: only the summary does. */
  readonly outputs?: 'tensors' | 'labels';
}

/** Header of a chunk of an input tensor; the raw little-endian elements follow it. */
export interface InferTensorChunk extends TensorType, ChunkPlace {
  readonly v: Version;
  readonly kind: 'tensor';
  /** Name of the model's input; may be left out where the model has one. */
  readonly input?: string;
  /** Number of input tensors in this request, 1 when left out. */
  readonly inputs?: number;
  readonly options?: InferOptions;
  readonly crc32: number;
}

/** Header of a chunk of a picture file (JPEG, PNG, ...); bytes of the file follow it. */
export interface InferImageChunk extends ChunkPlace {
  readonly v: Version;
  readonly kind: 'image';
  /** Size of the whole file. */
  readonly bytes: number;
  readonly options?: InferOptions;
  readonly crc32: number;
}

/** On `models/<model>/infer/<request>`. The options of the chunk that arrives first count. */
export type InferChunk = InferTensorChunk | InferImageChunk;

/** Header of a chunk of an output tensor; the raw little-endian elements follow it. */
export interface ResultTensorChunk extends TensorType, ChunkPlace {
  readonly v: Version;
  readonly kind: 'tensor';
  /** Name of the model's output. */
  readonly output: string;
  readonly crc32: number;
}

/** Ends every answer: a request has its result when this and `tensors` whole tensors have arrived. No bytes follow. */
export interface ResultEnd {
  readonly v: Version;
  readonly kind: 'end';
  /** Number of output tensors sent; 0 with an error or `outputs: labels`. */
  readonly tensors: number;
  /** Classes, times and flags for people: plain JSON values. */
  readonly summary?: Readonly<Record<string, unknown>>;
  /** The request failed. */
  readonly error?: ErrorJson;
  readonly crc32: number;
}

/** On `models/<model>/result/<request>`. */
export type ResultChunk = ResultTensorChunk | ResultEnd;

const options = optional(
  object<InferOptions>({
    top: optional(integer(1, 1000)),
    outputs: optional(oneOf('tensors', 'labels')),
  }),
);

export const INFER_CHUNK: MessageKind<InferChunk> = {
  name: 'inference request',
  check: tagged<InferChunk>('kind', {
    tensor: object<InferTensorChunk>({
      v: version,
      kind: literal('tensor'),
      input: optional(text(512)),
      inputs: optional(integer(1, 64)),
      dtype,
      shape,
      ...chunkPlace,
      options,
      crc32,
    }),
    image: object<InferImageChunk>({
      v: version,
      kind: literal('image'),
      ...chunkPlace,
      bytes: integer(1),
      options,
      crc32,
    }),
  }),
};

export const RESULT_CHUNK: MessageKind<ResultChunk> = {
  name: 'inference result',
  check: tagged<ResultChunk>('kind', {
    tensor: object<ResultTensorChunk>({
      v: version,
      kind: literal('tensor'),
      output: text(512),
      dtype,
      shape,
      ...chunkPlace,
      crc32,
    }),
    end: object<ResultEnd>({
      v: version,
      kind: literal('end'),
      tensors: integer(0, 64),
      summary: optional(anyObject),
      error: optional(errorJson),
      crc32,
    }),
  }),
};
