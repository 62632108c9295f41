import type * as Client from '../../src/client/index.ts' with { 'resolution-mode': 'import' };

/** Isobath's client, which is ESM: `isobath/client` as it was when this package was built. */
export type Core = typeof Client;
export type IsobathClient = Client.IsobathClient;
export type ClusterWatch = Client.ClusterWatch;
export type InferenceReply = Client.InferenceReply;
export type ListedModel = Client.ListedModel;
export type MqttBusOptions = Client.MqttBusOptions;
export type MasterView = Client.MasterView;
export type MasterEvent = Client.MasterEvent;
export type AgentProfile = Client.AgentProfile;
export type ExplainedModel = Client.ExplainedModel;
export type PlanStage = ExplainedModel['plan']['stages'][number];

const ENTRY = '../lib/client/index.js';
let loading: Promise<Core> | undefined;

export function loadCore(): Promise<Core> {
  loading ??= import(ENTRY) as Promise<Core>;
  return loading;
}
