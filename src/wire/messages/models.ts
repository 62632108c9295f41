import type { ErrorJson } from '../../base/errors.ts';
import { amount, flag, integer, list, object, oneOf, optional, text } from '../check.ts';
import { nameCheck } from '../names.ts';
import { errorJson, type MessageKind, type Version, version } from './common.ts';
import { MODEL_STATES, type ModelState } from './status.ts';

/** One entry of the master's list: what a person chooses a model by. */
export interface ListedModel {
  readonly model: string;
  readonly state: ModelState;
  /** That serves, of a model that has versions. */
  readonly version?: string;
  /** As the manifest says, `classification` among others. */
  readonly task?: string;
  /** True where a request may carry a picture. */
  readonly pictures: boolean;
  readonly strategy: string;
  /** Names of those that hold a part of it. */
  readonly agents: readonly string[];
  /** Of the running plan. */
  readonly stages: number;
  readonly predictedMs?: number;
  /** Why the last plan failed; what ran before goes on. */
  readonly error?: ErrorJson;
}

/** Retained on `master/models`, JSON: what the master serves, and how it stands with each. */
export interface ModelList {
  readonly v: Version;
  readonly models: readonly ListedModel[];
}

/** Retained on `master/agents`, JSON: the agents that may get work now. */
export interface AgentList {
  readonly v: Version;
  readonly agents: readonly string[];
}

/** Retained on `models/<model>/state`, JSON: how a model is doing. Counts begin with the start of the master. */
export interface ModelReport {
  readonly v: Version;
  readonly model: string;
  readonly state: ModelState;
  readonly agents: number;
  readonly answered: number;
  readonly failed: number;
  /** Of those answered. */
  readonly degraded: number;
  /** Of the last answer. */
  readonly last?: LastAnswer;
}

export interface LastAnswer {
  readonly totalMs: number;
  readonly degraded: boolean;
  /** The best class, of classifiers. */
  readonly label?: string;
  readonly probability?: number;
}

const modelState = oneOf(...MODEL_STATES);

export const MODEL_LIST: MessageKind<ModelList> = {
  name: 'model list',
  check: object<ModelList>({
    v: version,
    models: list(
      object<ListedModel>({
        model: nameCheck,
        state: modelState,
        version: optional(text(128)),
        task: optional(text(64)),
        pictures: flag,
        strategy: text(64),
        agents: list(nameCheck, 4096),
        stages: integer(),
        predictedMs: optional(amount),
        error: optional(errorJson),
      }),
      1024,
    ),
  }),
};

export const AGENT_LIST: MessageKind<AgentList> = {
  name: 'agent list',
  check: object<AgentList>({ v: version, agents: list(nameCheck, 4096) }),
};

export const MODEL_REPORT: MessageKind<ModelReport> = {
  name: 'model state',
  check: object<ModelReport>({
    v: version,
    model: nameCheck,
    state: modelState,
    agents: integer(),
    answered: integer(),
    failed: integer(),
    degraded: integer(),
    last: optional(
      object<LastAnswer>({
        totalMs: amount,
        degraded: flag,
        label: optional(text(1024)),
        probability: optional(amount),
      }),
    ),
  }),
};
