import { IsobathError } from '../../base/errors.ts';
import type { TensorType } from '../../tensor/tensor.ts';
import { amount, bytes, integer, object, optional } from '../check.ts';
import { nameCheck } from '../names.ts';
import {
  type ChunkPlace,
  chunkPlace,
  crc32,
  dtype,
  type MessageKind,
  shape,
  type Version,
  version,
} from './common.ts';

/** `shard` of a chunk on the shared topic: it is meant for every shard of the stage. */
export const ALL_SHARDS = -1;

/** How an agent spent its time on a shard, in milliseconds of its own monotonic clock. */
export interface ShardTimes {
  /** From the first to the last chunk of the IFM regions. */
  readonly receiveMs: number;
  /** From the last chunk until the engine began. */
  readonly waitMs: number;
  readonly computeMs: number;
}

/** Header of a chunk of an IFM or OFM region; the raw little-endian elements follow it. */
export interface ShardChunk extends TensorType, ChunkPlace {
  readonly v: Version;
  readonly request: string;
  readonly stage: number;
  /** ALL_SHARDS on the shared topic. */
  readonly shard: number;
  /** 0 for the first try; a result answers exactly one (request, stage, shard, attempt). */
  readonly attempt: number;
  /** Index into the shard's inputs (IFM) or outputs (OFM). */
  readonly tensor: number;
  /** Of int8 elements that stand for float32 ones: little-endian float32, in each chunk of the region the same. */
  readonly scales?: Uint8Array;
  /** Only on the last chunk of the last OFM region. */
  readonly times?: ShardTimes;
  /** Of the raw bytes of this chunk; the encoder sets it. */
  readonly crc32: number;
}

export const SHARD_CHUNK: MessageKind<ShardChunk> = {
  name: 'shard chunk',
  check: object<ShardChunk>({
    v: version,
    dtype,
    shape,
    request: nameCheck,
    stage: integer(0, 999_999),
    shard: integer(ALL_SHARDS, 999_999),
    attempt: integer(0, 255),
    tensor: integer(0, 4095),
    ...chunkPlace,
    scales: optional(bytes(4 * 8192)),
    times: optional(object<ShardTimes>({ receiveMs: amount, waitMs: amount, computeMs: amount })),
    crc32,
  }),
};

/** The scales of a chunk. Throws ISO_ERR_WIRE_MALFORMED where there are not as many as the region has. */
export function scalesIn(
  topic: string,
  { scales }: ShardChunk,
  wanted: number | undefined,
): Float32Array | undefined {
  const count = (scales?.length ?? 0) / 4;
  if (count !== (wanted ?? 0)) {
    const reason = `it has ${count} scales where ${wanted ?? 0} are expected`;
    throw IsobathError.of('ISO_ERR_WIRE_MALFORMED', { topic, reason });
  }
  // a copy, because they lie anywhere in the frame
  return scales && new Float32Array(new Uint8Array(scales).buffer);
}

/** Names one region of one try of one shard: the key under which its chunks are put together. */
export function regionKey(
  chunk: Pick<ShardChunk, 'request' | 'stage' | 'shard' | 'attempt' | 'tensor'>,
): string {
  return `${chunk.request}/${chunk.stage}/${chunk.shard}/${chunk.attempt}/${chunk.tensor}`;
}
