import { IsobathError } from '../base/errors.ts';
import { validName, validSha256 } from './names.ts';

/** First level of every topic; the second is the version of the protocol. */
export const PREFIX = 'isobath/v1';

/**
 * The topics and filters of one cluster. Everything that becomes a level is checked: a bad name throws
 * ISO_ERR_TOPIC_INVALID. Filters (`every...`) are for subscribing only.
 */
export class Topics {
  readonly cluster: string;
  readonly #root: string;

  constructor(cluster: string) {
    this.cluster = validName(cluster);
    this.#root = `${PREFIX}/${this.cluster}`;
  }

  /** Retained JSON `AgentStatus`, QoS 1; also the agent's will. */
  agentStatus = (agent: string) => this.#agent(agent, 'status');
  /** Retained JSON `AgentProfile`, QoS 1. */
  agentProfile = (agent: string) => this.#agent(agent, 'profile');
  /** Master to agent: `Control`, QoS 1. */
  control = (agent: string) => this.#agent(agent, 'control');
  /** Agent to master: `Reply`, QoS 1. */
  reply = (agent: string) => this.#agent(agent, 'reply');
  /** Master to agent: `Probe`, QoS 0. */
  probe = (agent: string) => this.#agent(agent, 'probe');
  /** Agent to master: `ProbeReply`, QoS 0. */
  probeReply = (agent: string) => this.#agent(agent, 'probe-reply');
  /** Agent to itself: `Probe`, QoS 0. */
  agentLoop = (agent: string) => this.#agent(agent, 'loop');
  /** Agents of one name among themselves: JSON `Claim`, QoS 1. */
  agentClaim = (agent: string) => this.#agent(agent, 'claim');
  everyProbeReply = () => `${this.#root}/agents/+/probe-reply`;
  everyAgentStatus = () => `${this.#root}/agents/+/status`;
  everyAgentProfile = () => `${this.#root}/agents/+/profile`;
  everyReply = () => `${this.#root}/agents/+/reply`;

  /** Agent to master: `BlobGet`, QoS 0. */
  blobGet = (sha256: string, agent: string) => this.#blob(sha256, 'get', agent);
  /** Master to agent: `BlobPart`, QoS 0. */
  blobPart = (sha256: string, agent: string) => this.#blob(sha256, 'part', agent);
  everyBlobGet = () => `${this.#root}/blobs/+/get/+`;
  everyBlobPart = (agent: string) => `${this.#root}/blobs/+/part/${validName(agent)}`;

  /** Master to agent: `ShardChunk` of an IFM region for one shard, QoS 0. */
  ifm = (deployment: string, agent: string) =>
    `${this.#root}/shards/${validName(deployment)}/agents/${validName(agent)}/ifm`;
  /** Worker to worker (an agent, or `master`): `HaloChunk`, QoS 0. */
  halo = (deployment: string, worker: string) =>
    `${this.#root}/shards/${validName(deployment)}/agents/${validName(worker)}/halo`;
  /** Master to all agents of a stage: `ShardChunk` of a region that every shard reads, QoS 0, attempt 0 only. */
  sharedIfm = (deployment: string, stage: number) =>
    `${this.#root}/shards/${validName(deployment)}/${index(stage)}/all/ifm`;
  /** Agent to master: `ShardChunk` of an OFM region, QoS 0. */
  ofm = (deployment: string, stage: number, shard: number) =>
    `${this.#root}/shards/${validName(deployment)}/${index(stage)}/${index(shard)}/ofm`;
  everyOfm = (deployment: string) => `${this.#root}/shards/${validName(deployment)}/+/+/ofm`;

  /** Client to master: `InferChunk`. */
  infer = (model: string, request: string) => this.#model(model, `infer/${validName(request)}`);
  /** Master to client: `ResultChunk`. */
  result = (model: string, request: string) => this.#model(model, `result/${validName(request)}`);
  /** Retained JSON `ModelInfo`, QoS 1. */
  modelInfo = (model: string) => this.#model(model, 'info');
  /** Retained JSON `ModelReport`, QoS 1. */
  modelState = (model: string) => this.#model(model, 'state');
  /** Client to master: asks for the plan that runs; the payload has no meaning yet. QoS 1. */
  explain = (model: string, request: string) => this.#model(model, `explain/${validName(request)}`);
  /** Master to client: JSON `Explanation`, QoS 1. */
  explained = (model: string, request: string) => this.#model(model, `explained/${validName(request)}`);
  everyExplain = () => `${this.#root}/models/+/explain/+`;
  everyInfer = () => `${this.#root}/models/+/infer/+`;
  everyModelInfo = () => `${this.#root}/models/+/info`;

  /** Retained JSON `MasterStatus`, QoS 1; also the master's will. */
  masterStatus = () => `${this.#root}/master/status`;
  /** Retained JSON `ModelList`, QoS 1. */
  modelList = () => `${this.#root}/master/models`;
  /** Retained JSON `AgentList`, QoS 1. */
  agentList = () => `${this.#root}/master/agents`;
  /** JSON `MasterEvent`, QoS 1. */
  events = () => `${this.#root}/master/events`;
  /** Retained JSON `FleetReport`, QoS 1. */
  fleet = () => `${this.#root}/master/fleet`;
  /** Client to master: `CalibrationRequest`, QoS 1. */
  calibrate = (request: string) => `${this.#root}/master/calibrate/${validName(request)}`;
  /** Master to client: `CalibrationResult`, QoS 1. */
  calibrated = (request: string) => `${this.#root}/master/calibrated/${validName(request)}`;
  /** Master to itself: `Probe`, QoS 0. */
  masterLoop = () => `${this.#root}/master/loop`;
  /** Masters of one cluster among themselves: JSON `Claim`, QoS 1. */
  masterClaim = () => `${this.#root}/master/claim`;
  everyCalibrate = () => `${this.#root}/master/calibrate/+`;

  #agent(agent: string, leaf: string): string {
    return `${this.#root}/agents/${validName(agent)}/${leaf}`;
  }

  #blob(sha256: string, verb: string, agent: string): string {
    return `${this.#root}/blobs/${validSha256(sha256)}/${verb}/${validName(agent)}`;
  }

  #model(model: string, rest: string): string {
    return `${this.#root}/models/${validName(model)}/${rest}`;
  }
}

function index(value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > 999_999) {
    throw IsobathError.of('ISO_ERR_TOPIC_INVALID', { name: String(value) });
  }
  return String(value);
}
