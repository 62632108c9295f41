import { randomUUID } from 'node:crypto';
import { IsobathError } from '../base/errors.ts';
import type { PlanDocument } from '../planner/plan-document.ts';
import { decodeJson } from '../wire/codec.ts';
import { EXPLANATION, MAX_EXPLANATION_BYTES } from '../wire/messages/explain.ts';
import { type Connection, untilAnswered } from './ask.ts';

/** The plan of a model as it runs now, and why it is as it is. */
export interface ExplainedModel {
  readonly model: string;
  readonly deployment: string;
  /** The whole model at the master. */
  readonly localMs: number;
  readonly plan: PlanDocument;
}

/** Throws ISO_ERR_REQUEST_TIMEOUT, ISO_ERR_MASTER_STOPPED, ISO_ERR_MODEL_NOT_SERVED and what else the master answers. */
export function requestExplanation(
  connection: Connection,
  model: string,
  timeoutMs: number,
): Promise<ExplainedModel> {
  const { topics } = connection;
  const request = randomUUID();
  return untilAnswered<ExplainedModel>(connection, {
    request,
    timeoutMs,
    answers: topics.explained(model, request),
    question: { topic: topics.explain(model, request), payload: '{}' },
    read: (topic, payload) => {
      const answer = decodeJson(EXPLANATION, topic, payload, MAX_EXPLANATION_BYTES);
      if (answer.type === 'failed') throw IsobathError.revive(answer.error);
      const { v: _, type: __, ...explained } = answer;
      return explained;
    },
  });
}
