import type { ErrorJson } from '../../base/errors.ts';
import type { PlanDocument } from '../../planner/plan-document.ts';
import { amount, anyObject, type Check, literal, object, tagged } from '../check.ts';
import { nameCheck } from '../names.ts';
import { errorJson, type MessageKind, type Version, version } from './common.ts';

/** On `models/<model>/explained/<request>`, JSON, QoS 1. */
export type Explanation =
  | {
      readonly v: Version;
      readonly type: 'plan';
      readonly model: string;
      readonly deployment: string;
      /** The whole model at the master. */
      readonly localMs: number;
      /** As `isobath plan --json` shows it. */
      readonly plan: PlanDocument;
    }
  | { readonly v: Version; readonly type: 'failed'; readonly error: ErrorJson };

type Explained = Extract<Explanation, { type: 'plan' }>;

/** A plan of a large model and a large fleet; brokers take 1 MB. */
export const MAX_EXPLANATION_BYTES = 960 * 1024;

export const EXPLANATION: MessageKind<Explanation> = {
  name: 'explanation',
  check: tagged<Explanation>('type', {
    plan: object<Explained>({
      v: version,
      type: literal('plan'),
      model: nameCheck,
      deployment: nameCheck,
      localMs: amount,
      // for people and dashboards: nothing of it is computed with
      plan: anyObject as Check<unknown> as Check<PlanDocument>,
    }),
    failed: object<Extract<Explanation, { type: 'failed' }>>({
      v: version,
      type: literal('failed'),
      error: errorJson,
    }),
  }),
};
