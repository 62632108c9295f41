import type { WireType } from '../../tensor/precision.ts';
import { flag, integer, list, literal, object, optional, tagged, text } from '../check.ts';
import { nameCheck, sha256Check } from '../names.ts';
import { dtype, type MessageKind, ordinal, shape, type Version, version } from './common.ts';

/** A file that the master holds, named by the SHA-256 of its bytes: a program (ONNX) or filters (raw, little-endian). */
export interface BlobRef {
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * One region that travels to a shard. Its place in the list is the `tensor` of its chunks. Where the program's input is
 * float32 and this is float16, or int8 with scales, the agent converts.
 */
export interface ShardInput extends WireType {
  /** Name of the program's input. */
  readonly tensor: string;
  /** True where attempt 0 reads it from the topic that all shards of the stage share. */
  readonly shared: boolean;
}

/** One region that a shard sends back, likewise. */
export interface ShardOutput extends WireType {
  /** Name of the program's output. */
  readonly tensor: string;
}

export interface ShardProgram {
  readonly stage: number;
  readonly shard: number;
  /** An ONNX model whose filters are external data; each `location` is the SHA-256 of a blob. */
  readonly program: BlobRef;
  readonly inputs: readonly ShardInput[];
  readonly outputs: readonly ShardOutput[];
  /** The filters that the program names, each once. */
  readonly blobs: readonly BlobRef[];
  /** True for a second holder of a program: it listens to regions sent to it alone, not to the shared topic. */
  readonly standby: boolean;
}

/** Makes programs resident. Answered by `deployed` or `failed`. A deployment named again replaces what it held. */
export interface Deploy {
  readonly v: Version;
  readonly type: 'deploy';
  readonly replyId: string;
  readonly deployment: string;
  readonly programs: readonly ShardProgram[];
}

/** Forgets a deployment; blobs may stay in the disk cache. Not answered. */
export interface Undeploy {
  readonly v: Version;
  readonly type: 'undeploy';
  readonly deployment: string;
}

/** Answered by `pong` at once. */
export interface Ping {
  readonly v: Version;
  readonly type: 'ping';
  readonly replyId: string;
}

/** The agent measures how fast its device computes. Answered by `calibrated` or `failed`. */
export interface Calibrate {
  readonly v: Version;
  readonly type: 'calibrate';
  readonly replyId: string;
}

/** On `agents/<agent>/control`, QoS 1: an agent may see one twice and must answer both alike. */
export type Control = Deploy | Undeploy | Ping | Calibrate;

/** At most this many shards, inputs, outputs or filters in one list of a deploy message. */
const MAX_ITEMS = 4096;

/** Counted by `scalesOf`; the rule bounds them. */
const scales = optional(integer(1, 8192));
const blobRef = object<BlobRef>({ sha256: sha256Check, bytes: integer() });
const shardProgram = object<ShardProgram>({
  stage: ordinal,
  shard: ordinal,
  program: blobRef,
  inputs: list(object<ShardInput>({ tensor: text(512), dtype, shape, scales, shared: flag }), MAX_ITEMS),
  outputs: list(object<ShardOutput>({ tensor: text(512), dtype, shape, scales }), MAX_ITEMS),
  blobs: list(blobRef, MAX_ITEMS),
  standby: flag,
});

export const CONTROL: MessageKind<Control> = {
  name: 'control',
  check: tagged<Control>('type', {
    deploy: object<Deploy>({
      v: version,
      type: literal('deploy'),
      replyId: nameCheck,
      deployment: nameCheck,
      programs: list(shardProgram, MAX_ITEMS),
    }),
    undeploy: object<Undeploy>({ v: version, type: literal('undeploy'), deployment: nameCheck }),
    ping: object<Ping>({ v: version, type: literal('ping'), replyId: nameCheck }),
    calibrate: object<Calibrate>({ v: version, type: literal('calibrate'), replyId: nameCheck }),
  }),
};
