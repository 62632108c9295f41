import type { Shard } from '../partition/shard.ts';
import { sharedInputs } from '../partition/shared-inputs.ts';
import { type FleetModel, RESOURCE } from './fleet-model.ts';
import { joinReceived, type Load, returnLag, sendBack, sendTo, sendToAll } from './routes.ts';
import { bytesOf, type Course, type Sent, type StageCost, timesOf } from './stage-summary.ts';
import { Timeline } from './timeline.ts';

/** A shard and the id of the worker that runs it. */
export interface PlacedShard {
  readonly worker: string;
  readonly shard: Shard;
}

/**
 * Prices a stage that begins when all its inputs are at the master. It sees shards and workers, and no scheme: what
 * overlaps follows from the resources alone. Regions go out in the order of the shards, what is shared first; results
 * come back in the order in which they are ready.
 */
export function stageCost(model: FleetModel, placed: readonly PlacedShard[]): StageCost {
  const time = new Timeline(model.resources);
  const courses = placed.map((entry) => courseOf(model, entry));
  const remote = courses.filter(({ worker }) => !worker.isMaster);
  const sent = send(model, time, courses, remote);
  for (const course of courses) {
    course.computed = time.serve(course.worker.engine, course.arrived, course.computeSeconds);
  }
  bringBack(model, time, courses);
  const messages = remote.reduce(
    (sum, { shard }) => sum + model.messagesOf(shard.outputBytes),
    sent.messages,
  );
  return {
    ...timesOf(courses),
    ...bytesOf(courses, sent),
    messages,
    busy: time.busy,
    throughputSeconds: time.busy.reduce((most, each) => Math.max(most, each), 0),
  };
}

function courseOf(model: FleetModel, { worker: id, shard }: PlacedShard): Course {
  const worker = model.worker(id);
  const computeSeconds = worker.compute.seconds(shard.work);
  return { worker, shard, computeSeconds, left: 0, arrived: 0, computed: 0, received: 0, joined: 0 };
}

/** Publishes all inputs. */
function send(
  model: FleetModel,
  time: Timeline,
  courses: readonly Course[],
  remote: readonly Course[],
): Sent {
  const shared = sharedInputs(remote.map(({ shard }) => shard));
  let messages = 0;
  let repeated = 0;
  if (shared.size > 0) {
    const load = loadOf(model, remote[0]!.shard.inputBytes, (at) => shared.has(at));
    // Two shards of one agent share its subscription: the region reaches it once.
    const agents = [...new Set(remote.map(({ worker }) => worker))];
    const arrivals = new Float64Array(agents.length);
    sendToAll(model, time, agents, 0, load, arrivals);
    const left = Math.min(time.busy[RESOURCE.masterLoop]!, chunkSeconds(model, load));
    for (const course of remote) {
      course.left = left;
      course.arrived = arrivals[agents.indexOf(course.worker)]!;
    }
    messages = agents.length * load.messages;
    repeated = (agents.length - 1) * load.bytes;
  }
  for (const course of courses) {
    const { worker, shard } = course;
    const load = loadOf(model, shard.inputBytes, (at) => !shared.has(at) || worker.isMaster);
    if (load.messages === 0) continue;
    if (worker.isMaster) course.left = course.arrived = sliceHere(model, time, load.bytes, courses.length);
    else {
      const left = time.busy[RESOURCE.masterLoop]! + chunkSeconds(model, load);
      const arrived = sendTo(model, time, worker, 0, load);
      if (arrived > course.arrived) {
        course.arrived = arrived;
        course.left = Math.min(left, arrived);
      }
      messages += load.messages;
    }
  }
  return { shared, messages, repeated };
}

function loadOf(model: FleetModel, sizes: readonly number[], wanted: (at: number) => boolean): Load {
  let bytes = 0;
  let messages = 0;
  sizes.forEach((size, at) => {
    if (!wanted(at)) return;
    bytes += size;
    messages += Math.max(1, Math.ceil(size / model.chunkBytes));
  });
  return { bytes, messages };
}

/** Slicing and encoding one chunk. */
function chunkSeconds(model: FleetModel, { bytes }: { readonly bytes: number }): number {
  const { copySecondsPerByte, secondsPerMessage = 0 } = model.master.compute.profile;
  return Math.min(bytes, model.chunkBytes) * copySecondsPerByte + secondsPerMessage;
}

/** The master's own shard. One that is the whole stage reads the tensors where they lie. */
function sliceHere(model: FleetModel, time: Timeline, bytes: number, shards: number): number {
  const seconds = shards === 1 ? 0 : bytes * model.master.compute.profile.copySecondsPerByte;
  return time.serve(RESOURCE.masterLoop, 0, seconds);
}

/** Results reach the master's resources in the order in which they are there. */
function bringBack(model: FleetModel, time: Timeline, courses: readonly Course[]): void {
  const returns = courses.map((course) => {
    const load = loadOf(model, course.shard.outputBytes, () => true);
    const lag = course.worker.isMaster ? 0 : returnLag(model, course.worker, load);
    return { course, load, at: course.computed + lag };
  });
  returns.sort((a, b) => a.at - b.at);
  for (const { course, load } of returns) joinOne(model, time, course, load, courses.length);
}

function joinOne(model: FleetModel, time: Timeline, course: Course, load: Load, shards: number): void {
  const { worker, shard, computed } = course;
  let summed = 0;
  shard.outputBytes.forEach((size, at) => {
    if (shard.outputs[at]!.join === 'sum') summed += size;
  });
  if (worker.isMaster) {
    course.received = computed;
    const bytes = shards === 1 ? 0 : load.bytes + summed;
    const seconds = bytes * model.master.compute.profile.copySecondsPerByte;
    course.joined = time.serve(RESOURCE.masterLoop, computed, seconds);
    return;
  }
  course.received = sendBack(model, time, worker, computed, load);
  course.joined = joinReceived(model, time, load, summed);
}
