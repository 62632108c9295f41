import type { TensorType } from '../../tensor/tensor.ts';
import { integer, literal, object, tagged } from '../check.ts';
import { nameCheck } from '../names.ts';
import {
  type ChunkPlace,
  chunkPlace,
  crc32,
  dtype,
  type MessageKind,
  ordinal,
  shape,
  type Version,
  version,
} from './common.ts';

/** One try of one shard that runs in legs. */
export interface HaloTry {
  readonly request: string;
  readonly stage: number;
  /** The shard that reads the piece. */
  readonly shard: number;
  readonly attempt: number;
}

/** Header of a chunk of a halo piece; the raw little-endian elements follow it. */
export interface HaloPieceChunk extends HaloTry, TensorType, ChunkPlace {
  readonly v: Version;
  readonly kind: 'piece';
  /** The shard that made it. */
  readonly from: number;
  /** The leg of `shard` that reads it, from 1 up. */
  readonly leg: number;
  readonly crc32: number;
}

/** Master to a worker: the pieces of shard `from` that are not there yet will not come. No bytes follow. */
export interface HaloGone extends HaloTry {
  readonly v: Version;
  readonly kind: 'gone';
  readonly from: number;
  readonly crc32: number;
}

/** On `shards/<deployment>/agents/<worker>/halo`, QoS 0. */
export type HaloChunk = HaloPieceChunk | HaloGone;

/** Legs of one shard at most. */
export const MAX_LEGS = 256;

const common = {
  v: version,
  request: nameCheck,
  stage: ordinal,
  shard: ordinal,
  attempt: integer(0, 255),
  from: ordinal,
  crc32,
};

export const HALO_CHUNK: MessageKind<HaloChunk> = {
  name: 'halo chunk',
  check: tagged<HaloChunk>('kind', {
    piece: object<HaloPieceChunk>({
      ...common,
      kind: literal('piece'),
      leg: integer(1, MAX_LEGS - 1),
      dtype,
      shape,
      ...chunkPlace,
    }),
    gone: object<HaloGone>({ ...common, kind: literal('gone') }),
  }),
};
