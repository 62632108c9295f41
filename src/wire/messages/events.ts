import type { ErrorJson } from '../../base/errors.ts';
import { amount, integer, list, literal, object, oneOf, tagged, text } from '../check.ts';
import { nameCheck } from '../names.ts';
import { errorJson, type MessageKind, type Version, version } from './common.ts';

export const LEAVE_REASONS = ['offline', 'restarted', 'silent'] as const;

/** On `master/events`, JSON, QoS 1: what happened in the cluster, as the master sees it. */
export type MasterEvent =
  | { readonly v: Version; readonly type: 'agent-joined'; readonly agent: string }
  | {
      readonly v: Version;
      readonly type: 'agent-left';
      readonly agent: string;
      /** `silent`: online, but it missed a deadline. */
      readonly reason: (typeof LEAVE_REASONS)[number];
    }
  | {
      readonly v: Version;
      readonly type: 'plan-changed';
      readonly model: string;
      readonly deployment: string;
      readonly strategy: string;
      readonly stages: number;
      /** Those that hold a part of it. */
      readonly agents: readonly string[];
      readonly predictedMs: number;
    }
  | { readonly v: Version; readonly type: 'plan-failed'; readonly model: string; readonly error: ErrorJson }
  | {
      /** A request was answered, but not all of it ran where it was planned. */
      readonly v: Version;
      readonly type: 'degraded';
      readonly model: string;
      readonly request: string;
      readonly totalMs: number;
    };

type EventOf<T extends MasterEvent['type']> = Extract<MasterEvent, { type: T }>;

export const MASTER_EVENT: MessageKind<MasterEvent> = {
  name: 'master event',
  check: tagged<MasterEvent>('type', {
    'agent-joined': object<EventOf<'agent-joined'>>({
      v: version,
      type: literal('agent-joined'),
      agent: nameCheck,
    }),
    'agent-left': object<EventOf<'agent-left'>>({
      v: version,
      type: literal('agent-left'),
      agent: nameCheck,
      reason: oneOf(...LEAVE_REASONS),
    }),
    'plan-changed': object<EventOf<'plan-changed'>>({
      v: version,
      type: literal('plan-changed'),
      model: nameCheck,
      deployment: nameCheck,
      strategy: text(64),
      stages: integer(),
      agents: list(nameCheck, 4096),
      predictedMs: amount,
    }),
    'plan-failed': object<EventOf<'plan-failed'>>({
      v: version,
      type: literal('plan-failed'),
      model: nameCheck,
      error: errorJson,
    }),
    degraded: object<EventOf<'degraded'>>({
      v: version,
      type: literal('degraded'),
      model: nameCheck,
      request: nameCheck,
      totalMs: amount,
    }),
  }),
};
