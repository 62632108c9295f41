/**
 * All that a client needs and nothing of an engine: `isobath/client`. Programs that only ask a master, the Node-RED nodes among
 * them, import this and not the whole.
 */
export { type ErrorJson, IsobathError } from '../base/errors.ts';
export { type Logger, silentLogger } from '../base/logger.ts';
export { Tensor, type TensorType } from '../tensor/tensor.ts';
export type { Bus, BusState } from '../transport/bus.ts';
export { MqttBus } from '../transport/mqtt-bus.ts';
export { backoff, type MqttBusOptions, withoutPassword } from '../transport/mqtt-options.ts';
export type { MasterEvent } from '../wire/messages/events.ts';
export type { ListedModel } from '../wire/messages/models.ts';
export type { AgentProfile, AgentStatus, ModelInfo, ModelState } from '../wire/messages/status.ts';
export type { ResultSummary } from '../wire/messages/summary.ts';
export { isName } from '../wire/names.ts';
export { type ClientOptions, IsobathClient } from './client.ts';
export type { ClusterEvents, ClusterWatch } from './cluster-watch.ts';
export type { ExplainedModel } from './explanation.ts';
export type { InferencePayload, InferenceReply } from './inference.ts';
export type { MasterView } from './master-watch.ts';
export { payloadOf } from './payload.ts';
