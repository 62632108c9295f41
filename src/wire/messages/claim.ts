import { flag, literal, object, tagged, text } from '../check.ts';
import type { MessageKind, Version } from './common.ts';
import { version } from './common.ts';

/** Asks whether another process has the asker's name. */
export interface ClaimAsk {
  readonly v: Version;
  readonly type: 'ask';
  /** Of the asker, as in its status. */
  readonly run: string;
  /** Name of the asker's machine, for people. */
  readonly machine: string;
  /** True where the asker has announced itself already, and met another one. */
  readonly serving: boolean;
}

/** The name belongs to the process that answers. */
export interface ClaimHeld {
  readonly v: Version;
  readonly type: 'held';
  readonly run: string;
  readonly machine: string;
  /** The `run` of who asked. */
  readonly to: string;
}

/** JSON on `agents/<agent>/claim` and `master/claim`, QoS 1: processes of one name speak with one another. */
export type Claim = ClaimAsk | ClaimHeld;

const run = text(64);
const machine = text(64);

export const CLAIM: MessageKind<Claim> = {
  name: 'claim',
  check: tagged<Claim>('type', {
    ask: object<ClaimAsk>({ v: version, type: literal('ask'), run, machine, serving: flag }),
    held: object<ClaimHeld>({ v: version, type: literal('held'), run, machine, to: run }),
  }),
};
