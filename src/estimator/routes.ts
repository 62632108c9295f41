import { type FleetModel, RESOURCE, type WorkerModel } from './fleet-model.ts';
import type { OneWay } from './profile.ts';
import type { Timeline } from './timeline.ts';

/** What travels: `messages` chunks of `bytes` in all. */
export interface Load {
  readonly bytes: number;
  readonly messages: number;
  /** Seconds of the master's thread, to make it narrower or wide again. Default 0. */
  readonly converting?: number;
}

/** Seconds of a direction of a link for the load. */
const over = ({ alpha, beta }: OneWay, { bytes, messages }: Load) => messages * alpha + bytes * beta;

/** Seconds of an event loop: every byte is copied once, every message is handled. */
function handling({ compute }: WorkerModel, { bytes, messages }: Load): number {
  const { copySecondsPerByte, secondsPerMessage = 0 } = compute.profile;
  return bytes * copySecondsPerByte + messages * secondsPerMessage;
}

/** Takes the worker's thread, from cores that others share where it has no machine of its own. */
function alongLoop(time: Timeline, { loop, host }: WorkerModel, seconds: number): void {
  time.along(loop, seconds);
  if (host) time.along(host.resource, seconds * host.thread);
}

/** What passing the load from one party to another takes of a machine on which both are. */
function alongHost(
  time: Timeline,
  { host }: WorkerModel,
  way: 'toAgent' | 'fromAgent',
  load: Load,
  chunk: Load,
): void {
  if (!host) return;
  const { beta, betaBehind } = host[way];
  const behind = load.bytes - chunk.bytes;
  time.along(host.resource, over(host[way], load) + behind * (betaBehind - beta));
}

function chunkOf(model: FleetModel, { bytes }: Load): Load {
  return { bytes: Math.min(bytes, model.chunkBytes), messages: 1 };
}

/** Regions for one agent, sliced at `ready`; gives when the agent has them all. */
export function sendTo(
  model: FleetModel,
  time: Timeline,
  agent: WorkerModel,
  ready: number,
  load: Load,
): number {
  const chunk = chunkOf(model, load);
  leaveMaster(model, time, ready, load, chunk, 1);
  if (agent.wakeSeconds > 0) time.resume(time.next + agent.wakeSeconds, time.tail + agent.wakeSeconds);
  time.hop(hopSeconds(model, agent, agent.toAgent, chunk, senderBeta(model)));
  time.along(senderOut(model), load.bytes * senderBeta(model));
  if (agent.onMedium) time.along(RESOURCE.medium, load.bytes * model.mediumBeta);
  time.along(agent.down, over(agent.toAgent, load));
  alongHost(time, agent, 'toAgent', load, chunk);
  arrive(time, agent, load, chunk);
  return time.tail;
}

/**
 * One region for several agents, published once: chunk by chunk to each in turn, so all have it at about the same time.
 * The last chunk for an agent leaves before those for the agents behind it. Writes when each agent has it.
 */
export function sendToAll(
  model: FleetModel,
  time: Timeline,
  agents: readonly WorkerModel[],
  ready: number,
  load: Load,
  arrivals: Float64Array,
): void {
  const chunk = chunkOf(model, load);
  leaveMaster(model, time, ready, load, chunk, agents.length);
  const { next, tail } = time;
  const beta = senderBeta(model);
  const last = lastChunk(model, load);
  const onMedium = agents.filter((agent) => agent.onMedium).length;
  const sent = time.serve(senderOut(model), next, agents.length * load.bytes * beta);
  const aired = time.serve(RESOURCE.medium, next, onMedium * load.bytes * model.mediumBeta);
  agents.forEach((agent, at) => {
    const behind = agents.length - 1 - at;
    time.resume(next + agent.wakeSeconds, tail + agent.wakeSeconds);
    time.hop(hopSeconds(model, agent, agent.toAgent, chunk, beta));
    time.along(agent.down, over(agent.toAgent, load));
    alongHost(time, agent, 'toAgent', load, chunk);
    time.tail = Math.max(time.tail, sent - behind * last * beta);
    if (agent.onMedium) time.tail = Math.max(time.tail, aired - behind * last * model.mediumBeta);
    arrive(time, agent, load, chunk);
    arrivals[at] = time.tail;
  });
}

/** Regions from an agent, computed at `ready`; gives when the master has received them. `joinAt` ends the way. */
export function sendBack(
  model: FleetModel,
  time: Timeline,
  agent: WorkerModel,
  ready: number,
  load: Load,
): number {
  const chunk = chunkOf(model, load);
  const { broker } = model;
  time.begin(ready);
  time.hop(handling(agent, chunk));
  alongLoop(time, agent, handling(agent, load));
  const beta = broker ? broker.in : model.port.in;
  time.hop(hopSeconds(model, agent, agent.fromAgent, chunk, beta));
  time.along(agent.up, over(agent.fromAgent, load));
  alongHost(time, agent, 'fromAgent', load, chunk);
  if (agent.onMedium) time.along(RESOURCE.medium, load.bytes * model.mediumBeta);
  time.along(broker ? RESOURCE.brokerIn : RESOURCE.masterIn, load.bytes * beta);
  if (broker) {
    const { masterLink } = broker;
    time.hop(Math.max(over(masterLink.fromAgent, chunk), chunk.bytes * model.port.in));
    time.along(RESOURCE.masterDown, over(masterLink.fromAgent, load));
    if (masterLink.onSharedMedium) time.along(RESOURCE.medium, load.bytes * model.mediumBeta);
    time.along(RESOURCE.masterIn, load.bytes * model.port.in);
  }
  return time.tail;
}

/**
 * Seconds from the end of an agent's computing until its first chunk is at the master's event loop, if nothing is in its
 * way: who asks the master's resources in the order of these moments serves first come, first served.
 */
export function returnLag(model: FleetModel, agent: WorkerModel, load: Load): number {
  const chunk = chunkOf(model, load);
  const { broker, port } = model;
  const lag =
    handling(agent, chunk) + hopSeconds(model, agent, agent.fromAgent, chunk, broker ? broker.in : port.in);
  return broker ? lag + Math.max(over(broker.masterLink.fromAgent, chunk), chunk.bytes * port.in) : lag;
}

/**
 * Joins what `sendBack` brought: placed chunks as they come; partial sums are put together first, and added when the
 * last one is there. Gives when the regions are in the joined tensors.
 */
export function joinReceived(model: FleetModel, time: Timeline, load: Load, summedBytes: number): number {
  const { master } = model;
  const adding = summedBytes * master.compute.profile.copySecondsPerByte;
  time.hop(handling(master, chunkOf(model, load)));
  time.tail += adding;
  alongLoop(time, master, handling(master, load) + (load.converting ?? 0) + adding);
  return time.tail;
}

/** Slices and encodes, and reaches the broker where that is elsewhere. The embedded one hands over `copies` messages. */
function leaveMaster(
  model: FleetModel,
  time: Timeline,
  ready: number,
  load: Load,
  chunk: Load,
  copies: number,
): void {
  const { master, broker } = model;
  const { secondsPerMessage = 0 } = master.compute.profile;
  const more = broker ? 0 : (copies - 1) * secondsPerMessage;
  time.begin(ready);
  time.hop(handling(master, chunk) + more);
  alongLoop(time, master, handling(master, load) + (load.converting ?? 0) + load.messages * more);
  if (!broker) return;
  const { masterLink } = broker;
  time.hop(Math.max(over(masterLink.toAgent, chunk), chunk.bytes * model.port.out));
  time.along(RESOURCE.masterOut, load.bytes * model.port.out);
  if (masterLink.onSharedMedium) time.along(RESOURCE.medium, load.bytes * model.mediumBeta);
  time.along(RESOURCE.masterUp, over(masterLink.toAgent, load));
}

/** Bytes of the last chunk of one region; of several, of a middling one. */
function lastChunk(model: FleetModel, { bytes, messages }: Load): number {
  const rest = bytes - (messages - 1) * model.chunkBytes;
  return rest > 0 ? rest : bytes / messages;
}

/** The agent puts the chunks together. */
function arrive(time: Timeline, agent: WorkerModel, load: Load, chunk: Load): void {
  time.hop(handling(agent, chunk));
  alongLoop(time, agent, handling(agent, load));
}

/** Who sends to the agents: the master with the broker in it, or the external broker. */
function senderOut(model: FleetModel): number {
  return model.broker ? RESOURCE.brokerOut : RESOURCE.masterOut;
}

function senderBeta(model: FleetModel): number {
  return model.broker ? model.broker.out : model.port.out;
}

/** One chunk between an agent and the broker, at the rate of the slowest on the way. */
function hopSeconds(
  model: FleetModel,
  agent: WorkerModel,
  way: OneWay,
  chunk: Load,
  cardBeta: number,
): number {
  const medium = agent.onMedium ? model.mediumBeta : 0;
  return Math.max(over(way, chunk), chunk.bytes * cardBeta, chunk.bytes * medium);
}
