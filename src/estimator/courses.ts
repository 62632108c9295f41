import type { Shard } from '../partition/shard.ts';
import { elementBytes } from '../tensor/dtype.ts';
import { regionSize } from '../tensor/region.ts';
import { type FleetModel, RESOURCE, type WorkerModel } from './fleet-model.ts';
import { joinReceived, type Load, returnLag, sendBack, sendTo, sendToAll } from './routes.ts';
import type { Course } from './stage-summary.ts';
import type { Timeline } from './timeline.ts';

/**
 * The steps of a shard on the resources of a fleet: sent, computed, brought back, joined. `stage-cost.ts` takes them for
 * one stage after another; the simulation takes them for a whole plan, each when its time has come.
 */

/** A shard and the id of the worker that runs it. */
export interface PlacedShard {
  readonly worker: string;
  readonly shard: Shard;
}

export function courseOf(model: FleetModel, { worker: id, shard: placed }: PlacedShard): Course {
  const worker = model.worker(id);
  const shard = model.travelling(placed, worker);
  const computeSeconds = worker.compute.seconds(shard.work);
  return { worker, shard, computeSeconds, left: 0, arrived: 0, computed: 0, received: 0, joined: 0 };
}

/** What travels of regions of these sizes. */
export function loadOf(
  model: FleetModel,
  sizes: readonly number[],
  conversion: readonly number[] = [],
  wanted?: (at: number) => boolean,
): Load {
  let bytes = 0;
  let messages = 0;
  let converting = 0;
  for (let at = 0; at < sizes.length; at += 1) {
    if (wanted && !wanted(at)) continue;
    bytes += sizes[at]!;
    messages += Math.max(1, Math.ceil(sizes[at]! / model.chunkBytes));
    converting += conversion[at] ?? 0;
  }
  return { bytes, messages, converting: converting * model.master.compute.profile.copySecondsPerByte };
}

/** The shared region on its way: when its first bytes left the master, and when each agent has it. */
export interface SharedArrival {
  readonly left: number;
  readonly at: ReadonlyMap<WorkerModel, number>;
  /** Delivered to all agents together. */
  readonly messages: number;
  /** Bytes that it adds on the links beyond its first copy. */
  readonly repeated: number;
}

/** Publishes the inputs that all of these shards share. Two shards of one agent share its subscription, too. */
export function sendShared(
  model: FleetModel,
  time: Timeline,
  ready: number,
  remote: readonly Pick<Course, 'worker' | 'shard'>[],
  shared: ReadonlySet<number>,
): SharedArrival {
  const { inputBytes, inputConversion } = remote[0]!.shard;
  const load = loadOf(model, inputBytes, inputConversion, (at) => shared.has(at));
  const agents = [...new Set(remote.map(({ worker }) => worker))];
  const arrivals = new Float64Array(agents.length);
  const started = Math.max(ready, time.freeAt(RESOURCE.masterLoop));
  sendToAll(model, time, agents, ready, load, arrivals);
  return {
    left: Math.min(time.freeAt(RESOURCE.masterLoop), started + chunkSeconds(model, load)),
    at: new Map(agents.map((agent, at) => [agent, arrivals[at]!])),
    messages: agents.length * load.messages,
    repeated: (agents.length - 1) * load.bytes,
  };
}

/** The agent has the shared region. */
export function takeShared(course: Course, { left, at }: SharedArrival): void {
  course.left = left;
  course.arrived = at.get(course.worker)!;
}

/** Sends what only this shard reads, one of `shards` of its stage; gives how many messages that takes. */
export function sendOwn(
  model: FleetModel,
  time: Timeline,
  ready: number,
  course: Course,
  shared: ReadonlySet<number>,
  shards: number,
): number {
  const { worker, shard } = course;
  const isOwn = shared.size === 0 || worker.isMaster ? undefined : (at: number) => !shared.has(at);
  const load = loadOf(model, shard.inputBytes, shard.inputConversion, isOwn);
  if (load.messages === 0) return 0;
  if (worker.isMaster) {
    // One that is the whole stage reads the tensors where they lie.
    const seconds = shards === 1 ? 0 : load.bytes * model.master.compute.profile.copySecondsPerByte;
    course.left = course.arrived = serveLoop(model, time, ready, seconds);
    return 0;
  }
  const started = Math.max(ready, time.freeAt(RESOURCE.masterLoop));
  const arrived = sendTo(model, time, worker, ready, load);
  if (arrived > course.arrived) {
    course.arrived = arrived;
    course.left = Math.min(started + chunkSeconds(model, load), arrived);
  }
  return load.messages;
}

/** Runs the shard, whose regions are there; on cores that others share where the worker has no machine of its own. */
export function compute(time: Timeline, course: Course): void {
  const { worker, arrived, computeSeconds } = course;
  const { engine, host } = worker;
  course.computed = time.serve(engine, arrived, computeSeconds);
  if (!host) return;
  course.computed = Math.max(
    course.computed,
    time.serve(host.resource, arrived, computeSeconds * host.engine),
  );
}

/** Work of the master's own thread. */
function serveLoop({ master }: FleetModel, time: Timeline, ready: number, seconds: number): number {
  const end = time.serve(master.loop, ready, seconds);
  if (!master.host || seconds === 0) return end;
  return Math.max(end, time.serve(master.host.resource, ready, seconds * master.host.thread));
}

/** When a computed shard asks the master's resources: they serve in the order of these moments. */
export function returnAt(model: FleetModel, { worker, shard, computed }: Course): number {
  if (worker.isMaster) return computed;
  return computed + returnLag(model, worker, loadOf(model, shard.outputBytes));
}

/** Brings the results back and joins them with those of the other `shards` of the stage. */
export function bringBack(model: FleetModel, time: Timeline, course: Course, shards: number): void {
  const { worker, shard, computed } = course;
  const load = loadOf(model, shard.outputBytes, shard.outputConversion);
  let summed = 0;
  for (let at = 0; at < shard.outputs.length; at += 1) {
    const { join, region } = shard.outputs[at]!;
    if (join === 'sum') summed += regionSize(region) * elementBytes(shard.outputTypes[at]!);
  }
  if (worker.isMaster) {
    course.received = computed;
    const bytes = shards === 1 ? 0 : load.bytes + summed;
    const seconds = bytes * model.master.compute.profile.copySecondsPerByte;
    course.joined = serveLoop(model, time, computed, seconds);
    return;
  }
  course.received = sendBack(model, time, worker, computed, load);
  course.joined = joinReceived(model, time, load, summed);
}

/** Slicing and encoding one chunk. */
function chunkSeconds(model: FleetModel, { bytes }: { readonly bytes: number }): number {
  const { copySecondsPerByte, secondsPerMessage = 0 } = model.master.compute.profile;
  return Math.min(bytes, model.chunkBytes) * copySecondsPerByte + secondsPerMessage;
}
