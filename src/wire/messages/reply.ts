import type { ErrorJson } from '../../base/errors.ts';
import type { MeasuredCompute } from '../../estimator/measured.ts';
import { integer, literal, object, optional, tagged, text } from '../check.ts';
import { nameCheck } from '../names.ts';
import { errorJson, type MessageKind, ordinal, type Version, version } from './common.ts';
import { computeProfile } from './compute-profile.ts';

/** Every program of the deployment is resident. */
export interface Deployed {
  readonly v: Version;
  readonly type: 'deployed';
  readonly replyId: string;
  readonly deployment: string;
  /** Bytes of programs and filters that travelled for this deployment. */
  readonly receivedBytes: number;
  /** Bytes that the agent held already. */
  readonly cachedBytes: number;
}

/** A control message could not be carried out. */
export interface Failed {
  readonly v: Version;
  readonly type: 'failed';
  readonly replyId: string;
  readonly deployment?: string;
  readonly error: ErrorJson;
}

export interface Pong {
  readonly v: Version;
  readonly type: 'pong';
  readonly replyId: string;
  /** As in the agent's status: which life answers. */
  readonly run?: string;
}

/** What the agent measured of its device; its retained profile says the same. */
export interface Calibrated {
  readonly v: Version;
  readonly type: 'calibrated';
  readonly replyId: string;
  readonly profile: MeasuredCompute;
}

/** A shard ended without an OFM: the master need not wait for its deadline. */
export interface ShardFailed {
  readonly v: Version;
  readonly type: 'shard-failed';
  readonly deployment: string;
  readonly request: string;
  readonly stage: number;
  readonly shard: number;
  readonly attempt: number;
  readonly error: ErrorJson;
}

/** On `agents/<agent>/reply`, QoS 1: the master may see one twice. */
export type Reply = Deployed | Failed | Pong | Calibrated | ShardFailed;

export const REPLY: MessageKind<Reply> = {
  name: 'reply',
  check: tagged<Reply>('type', {
    deployed: object<Deployed>({
      v: version,
      type: literal('deployed'),
      replyId: nameCheck,
      deployment: nameCheck,
      receivedBytes: integer(),
      cachedBytes: integer(),
    }),
    failed: object<Failed>({
      v: version,
      type: literal('failed'),
      replyId: nameCheck,
      deployment: optional(nameCheck),
      error: errorJson,
    }),
    pong: object<Pong>({ v: version, type: literal('pong'), replyId: nameCheck, run: optional(text(64)) }),
    calibrated: object<Calibrated>({
      v: version,
      type: literal('calibrated'),
      replyId: nameCheck,
      profile: computeProfile,
    }),
    'shard-failed': object<ShardFailed>({
      v: version,
      type: literal('shard-failed'),
      deployment: nameCheck,
      request: nameCheck,
      stage: ordinal,
      shard: ordinal,
      attempt: integer(0, 255),
      error: errorJson,
    }),
  }),
};
