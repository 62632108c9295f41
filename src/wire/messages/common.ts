import type { ErrorJson } from '../../base/errors.ts';
import { DTYPES } from '../../tensor/dtype.ts';
import type { TensorType } from '../../tensor/tensor.ts';
import { type Check, integer, list, literal, object, oneOf, text } from '../check.ts';

/** The version of the protocol, in every message and in the topic prefix. */
export const VERSION = 1;
export type Version = typeof VERSION;

/** A kind of message: its name for error texts, and the check that its decoded fields must pass. */
export interface MessageKind<T> {
  readonly name: string;
  readonly check: Check<T>;
}

/** Refused before anything is allocated for it; a single message cannot ask for more chunks than this. */
export const MAX_CHUNKS = 65_536;
const MAX_RANK = 8;
const MAX_EXTENT = 2 ** 31 - 1;

export const version = literal(VERSION);
export const dtype = oneOf(...DTYPES);
export const shape = list(integer(0, MAX_EXTENT), MAX_RANK);
/** Of a stage or a shard, as topics write it. */
export const ordinal = integer(0, 999_999);
export const crc32 = integer(0, 0xffff_ffff);

/** Where a chunk belongs: the `seq`-th of `total`, its first byte at `offset` of the tensor (or file). */
export interface ChunkPlace {
  readonly seq: number;
  readonly total: number;
  /** Bytes. */
  readonly offset: number;
}

export const chunkPlace = {
  seq: integer(0, MAX_CHUNKS - 1),
  total: integer(1, MAX_CHUNKS),
  offset: integer(),
};

export interface NamedTensorType extends TensorType {
  readonly name: string;
}

export const namedTensorType = object<NamedTensorType>({ name: text(512), dtype, shape });

export const errorJson = object<ErrorJson>({ code: text(64), message: text(4096), cure: text(4096) });
