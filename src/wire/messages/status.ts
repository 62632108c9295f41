import type { ErrorJson } from '../../base/errors.ts';
import type { MeasuredCompute } from '../../estimator/measured.ts';
import { amount, flag, integer, list, object, oneOf, optional, text } from '../check.ts';
import { nameCheck } from '../names.ts';
import {
  errorJson,
  type MessageKind,
  type NamedTensorType,
  namedTensorType,
  type Version,
  version,
} from './common.ts';
import { computeProfile } from './compute-profile.ts';

export type Presence = 'online' | 'offline';

/** One life of a party, from its start to its end, as its statuses tell it. */
export interface Life {
  readonly state: Presence;
  /** Counts the starts of the party; begins anew where its state folder is lost. */
  readonly epoch: number;
  /** Random, the same in all statuses of this life and in those of no other. Absent: the epoch alone tells lives apart. */
  readonly run?: string;
}

/** Retained on `agents/<agent>/status`, and the agent's will with state `offline`. */
export interface AgentStatus extends Life {
  readonly v: Version;
  /** Of the agent's program. */
  readonly version: string;
  /** Name of the engine that it runs. */
  readonly engine?: string;
}

/** Retained on `agents/<agent>/profile`: what the device is, and how much it holds. */
export interface AgentProfile {
  readonly v: Version;
  readonly agent: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly engine: { readonly name: string; readonly version: string; readonly threads: number };
  /** Relative compute capacity; shares of a layer are proportional to it. */
  readonly weight: number;
  /** The most that the agent may hold of filters. Absent: no limit. */
  readonly filterBytesLimit?: number;
  /** The same for all parties of one machine, and for no other: they share its cores. Absent: a machine of its own. */
  readonly host?: string;
  /** As in `linux-arm64`. */
  readonly platform: string;
  /** Version of the runtime, as in `20.19.0`. */
  readonly node: string;
  /** Bytes of blobs received since the agent started: what came from the disk cache is not among them. */
  readonly filterBytesReceived: number;
  /** Programs resident now. */
  readonly programs: number;
  /** Precisions of float32 feature maps that it sends and takes. Absent: float32 alone. */
  readonly wire?: readonly string[];
  /** How fast the device computes, once it was measured. */
  readonly compute?: MeasuredCompute;
}

/** Retained on `master/status`, and the master's will with state `offline`. */
export interface MasterStatus extends Life {
  readonly v: Version;
  readonly version: string;
  /** Names that `models/<model>/infer` accepts. */
  readonly models: readonly string[];
}

/** Retained on `models/<model>/info`: what a model takes and gives. */
export interface ModelInfo {
  readonly v: Version;
  readonly model: string;
  readonly inputs: readonly NamedTensorType[];
  readonly outputs: readonly NamedTensorType[];
  /** True where a request may carry a picture (a manifest tells how to make the input from it). */
  readonly pictures: boolean;
  /** Number of class labels, where the manifest has them. */
  readonly labels?: number;
  /** `deploying`: no version serves yet; `failed`: none will until a file changes. */
  readonly state?: ModelState;
  /** That serves. */
  readonly version?: string;
  /** That is being made ready to take its place. */
  readonly next?: string;
  /** That hold a part of it. */
  readonly agents?: number;
  /** Why the newest version, or the newest plan, does not serve. */
  readonly error?: ErrorJson;
  /** Versions that are not tried again until their files change. */
  readonly refused?: readonly { readonly version: string; readonly error: ErrorJson }[];
  /** Agents that could not deploy, which plans leave out for a while. */
  readonly leftOut?: readonly { readonly agent: string; readonly error: ErrorJson }[];
}

export const MODEL_STATES = ['serving', 'deploying', 'failed'] as const;
export type ModelState = (typeof MODEL_STATES)[number];

const presence = oneOf('online', 'offline');
const life = { state: presence, epoch: integer(), run: optional(text(64)) };

export const AGENT_STATUS: MessageKind<AgentStatus> = {
  name: 'agent status',
  check: object<AgentStatus>({
    v: version,
    ...life,
    version: text(64),
    engine: optional(text(64)),
  }),
};

export const AGENT_PROFILE: MessageKind<AgentProfile> = {
  name: 'agent profile',
  check: object<AgentProfile>({
    v: version,
    agent: nameCheck,
    cores: integer(1),
    memoryBytes: integer(),
    engine: object<AgentProfile['engine']>({ name: text(64), version: text(64), threads: integer(1) }),
    weight: amount,
    filterBytesLimit: optional(integer()),
    host: optional(text(64)),
    platform: text(64),
    node: text(64),
    filterBytesReceived: integer(),
    programs: integer(),
    wire: optional(list(text(64), 64)),
    compute: optional(computeProfile),
  }),
};

export const MASTER_STATUS: MessageKind<MasterStatus> = {
  name: 'master status',
  check: object<MasterStatus>({
    v: version,
    ...life,
    version: text(64),
    models: list(nameCheck, 1024),
  }),
};

export const MODEL_INFO: MessageKind<ModelInfo> = {
  name: 'model info',
  check: object<ModelInfo>({
    v: version,
    model: nameCheck,
    inputs: list(namedTensorType, 64),
    outputs: list(namedTensorType, 64),
    pictures: flag,
    labels: optional(integer()),
    state: optional(oneOf(...MODEL_STATES)),
    version: optional(text(128)),
    next: optional(text(128)),
    agents: optional(integer()),
    error: optional(errorJson),
    refused: optional(list(object({ version: text(128), error: errorJson }), 64)),
    leftOut: optional(list(object({ agent: nameCheck, error: errorJson }), 64)),
  }),
};
