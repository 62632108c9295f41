import type { Shard } from '../partition/shard.ts';
import { sharedInputs } from '../partition/shared-inputs.ts';
import { type FleetModel, RESOURCE, type WorkerModel } from './fleet-model.ts';
import { joinReceived, sendBack, sendTo, sendToAll } from './routes.ts';
import { Timeline } from './timeline.ts';

/** A shard and the id of the worker that runs it. */
export interface PlacedShard {
  readonly worker: string;
  readonly shard: Shard;
}

/** The paper's five terms, of the shard that ends last; their sum is the time of the stage. In seconds. */
export interface StageTerms {
  /** T_part: until the shard's first bytes leave the master. */
  readonly partition: number;
  /** T_tx: until the worker has all of them. */
  readonly transmit: number;
  /** T_edge: waiting for the engine, and computing. */
  readonly edge: number;
  /** T_rx: until the master has the last byte. */
  readonly receive: number;
  /** T_join: until that is placed or summed. */
  readonly join: number;
}

export interface WorkerCost {
  readonly worker: string;
  readonly macs: number;
  readonly filterBytes: number;
  /** Through the agent's link; 0 for the master's own device. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of its engine. */
  readonly busySeconds: number;
}

export interface StageCost {
  readonly seconds: number;
  readonly terms: StageTerms;
  /** Through the links of all agents: a shared region counts once for each of them. */
  readonly bytes: number;
  /** As published by the master and the agents: a shared region counts once. */
  readonly publishedBytes: number;
  /** Through the links of all agents. */
  readonly messages: number;
  readonly perWorker: readonly WorkerCost[];
  /** What each resource of the fleet model served; the sum over stages tells which one limits the throughput. */
  readonly busy: Float64Array;
  /** Of the busiest resource. */
  readonly throughputSeconds: number;
}

/** What the pricing of one stage remembers of a shard. */
interface Course {
  readonly worker: WorkerModel;
  readonly shard: Shard;
  readonly computeSeconds: number;
  left: number;
  arrived: number;
  computed: number;
  received: number;
  joined: number;
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
  const ready = courses.slice().sort((a, b) => a.computed - b.computed);
  for (const course of ready) bringBack(model, time, course, courses.length);
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

interface Sent {
  readonly shared: ReadonlySet<number>;
  /** Delivered. */
  readonly messages: number;
  /** Bytes that a shared region adds on the links beyond its first copy. */
  readonly repeated: number;
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

function loadOf(model: FleetModel, sizes: readonly number[], wanted: (at: number) => boolean) {
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

function bringBack(model: FleetModel, time: Timeline, course: Course, shards: number): void {
  const { worker, shard, computed } = course;
  let bytes = 0;
  let summed = 0;
  shard.outputBytes.forEach((size, at) => {
    bytes += size;
    if (shard.outputs[at]!.join === 'sum') summed += size;
  });
  if (worker.isMaster) {
    course.received = computed;
    const seconds = shards === 1 ? 0 : (bytes + summed) * model.master.compute.profile.copySecondsPerByte;
    course.joined = time.serve(RESOURCE.masterLoop, computed, seconds);
    return;
  }
  const load = { bytes, messages: model.messagesOf(shard.outputBytes) };
  course.received = sendBack(model, time, worker, computed, load);
  course.joined = joinReceived(model, time, load, summed);
}

function timesOf(courses: readonly Course[]): { seconds: number; terms: StageTerms } {
  let last = courses[0]!;
  for (const course of courses) if (course.joined > last.joined) last = course;
  const { left, arrived, computed, received, joined } = last;
  return {
    seconds: joined,
    terms: {
      partition: left,
      transmit: arrived - left,
      edge: computed - arrived,
      receive: received - computed,
      join: joined - received,
    },
  };
}

function bytesOf(courses: readonly Course[], { shared, repeated }: Sent) {
  const perWorker = new Map<WorkerModel, { -readonly [K in keyof WorkerCost]: WorkerCost[K] }>();
  let bytes = 0;
  for (const { worker, shard, computeSeconds } of courses) {
    let cost = perWorker.get(worker);
    const again = cost !== undefined;
    if (!cost) {
      cost = { worker: worker.id, macs: 0, filterBytes: 0, bytesIn: 0, bytesOut: 0, busySeconds: 0 };
      perWorker.set(worker, cost);
    }
    cost.macs += shard.macs;
    cost.filterBytes += shard.filterBytes;
    cost.busySeconds += computeSeconds;
    if (worker.isMaster) continue;
    for (const size of shard.outputBytes) cost.bytesOut += size;
    for (const [at, size] of shard.inputBytes.entries()) if (!again || !shared.has(at)) cost.bytesIn += size;
  }
  for (const { bytesIn, bytesOut } of perWorker.values()) bytes += bytesIn + bytesOut;
  return { bytes, publishedBytes: bytes - repeated, perWorker: [...perWorker.values()] };
}
