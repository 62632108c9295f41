/**
 * The public API: the parties as classes to embed, and what they are given. A party's constructor only assigns; `start`
 * acts, and `stop` undoes it. Everything else in this package may change without notice.
 */
export { Agent, type AgentOptions } from './agent/agent.ts';
export type { ErrorCode } from './base/catalogue.ts';
export { createLogger, type LoggerOptions } from './base/create-logger.ts';
export { type ErrorJson, IsobathError } from './base/errors.ts';
export { type Logger, type LogLevel, silentLogger } from './base/logger.ts';
export type { Service } from './base/service.ts';
export { Broker, type BrokerOptions } from './broker/broker.ts';
export { type ClientOptions, IsobathClient } from './client/client.ts';
export type { InferencePayload, InferenceReply } from './client/inference.ts';
export type { CompiledProgram, Engine, EngineOptions, RunResult } from './engine/engine.ts';
export { learnTypes } from './engine/learn-types.ts';
export { OnnxruntimeEngine } from './engine/onnxruntime/engine.ts';
export { type InputOptions, readInput } from './formats/input.ts';
export { type LoadOptions, loadModel } from './formats/load-model.ts';
export { findManifest, type Manifest, readManifest } from './formats/manifest.ts';
export { loadOnnx, type ReadOptions, readOnnx } from './formats/onnx/index.ts';
export type { Graph } from './graph/graph.ts';
export { inferTypes } from './graph/infer.ts';
export { simplify } from './graph/passes/index.ts';
export type { Catalogue, OfferedModel, OfferedVersion } from './master/catalogue.ts';
export { DirectoryCatalogue, type DirectoryCatalogueOptions } from './master/directory-catalogue.ts';
export type { InferenceResult } from './master/inference.ts';
export { Master, type MasterOptions } from './master/master.ts';
export type { ServedModel } from './master/model-service.ts';
export type { Plan, PlannedShard, Stage } from './planner/plan.ts';
export { type PlanOptions, planGraph } from './planner/strategies.ts';
export type { DType } from './tensor/dtype.ts';
export { Tensor, type TensorType } from './tensor/tensor.ts';
export type { Bus, Will } from './transport/bus.ts';
export { MemoryHub } from './transport/memory-bus.ts';
export { MqttBus } from './transport/mqtt-bus.ts';
export type { MqttBusOptions } from './transport/mqtt-options.ts';
export type { InferOptions } from './wire/messages/inference.ts';
export type { ModelInfo } from './wire/messages/status.ts';
export type { ResultSummary } from './wire/messages/summary.ts';
export { zooModel, zooNames } from './zoo/zoo.ts';
