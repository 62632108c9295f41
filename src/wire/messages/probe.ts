import { amount, integer, object } from '../check.ts';
import { nameCheck } from '../names.ts';
import { crc32, type MessageKind, type Version, version } from './common.ts';

/** Larger than any chunk, small enough for every broker. */
export const MAX_PROBE_BYTES = 960 * 1024;

/** Header of a message that is sent to see how long it takes; bytes without a meaning follow it. */
export interface Probe {
  readonly v: Version;
  readonly id: string;
  /** Bytes wanted in the answer. */
  readonly reply: number;
  readonly crc32: number;
}

/** Header of the answer; bytes without a meaning follow it. */
export interface ProbeReply {
  readonly v: Version;
  readonly id: string;
  /** From the probe's arrival until this message was handed over, on the agent's own clock. */
  readonly heldMs: number;
  readonly crc32: number;
}

/** On `agents/<agent>/probe`; on the `loop` topics a party sends it to itself. */
export const PROBE: MessageKind<Probe> = {
  name: 'probe',
  check: object<Probe>({ v: version, id: nameCheck, reply: integer(0, MAX_PROBE_BYTES), crc32 }),
};

/** On `agents/<agent>/probe-reply`. */
export const PROBE_REPLY: MessageKind<ProbeReply> = {
  name: 'probe reply',
  check: object<ProbeReply>({ v: version, id: nameCheck, heldMs: amount, crc32 }),
};
