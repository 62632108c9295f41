import { sharedInputs } from '../partition/shared-inputs.ts';
import {
  bringBack,
  compute,
  courseOf,
  type PlacedShard,
  returnAt,
  sendOwn,
  sendShared,
  takeShared,
} from './courses.ts';
import { EventQueue, RANK } from './event-queue.ts';
import { Exchange, type Schedule } from './exchange.ts';
import type { FleetModel } from './fleet-model.ts';
import {
  bytesOf,
  type Course,
  type Sent,
  type StageCost,
  type StageTerms,
  termsOf,
  timesOf,
} from './stage-summary.ts';
import { Timeline } from './timeline.ts';
import type { Travelling } from './travelling.ts';

/**
 * Prices a stage that begins when all its inputs are at the master. It sees shards and workers, and no scheme: what
 * overlaps follows from the resources alone. Regions go out in the order of the shards, what is shared first; results
 * come back in the order in which they are ready.
 */
export function stageCost(model: FleetModel, placed: readonly PlacedShard[]): StageCost {
  const time = new Timeline(model.resources);
  const { courses, remote, sent } = run(model, time, placed);
  const messages = remote.reduce(
    (sum, { shard }) => sum + model.messagesOf(shard.outputBytes) + pieceMessages(model, shard),
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

/** The five terms of each shard of a stage: what observations of a single one are compared with. */
export function shardTerms(model: FleetModel, placed: readonly PlacedShard[]): StageTerms[] {
  return run(model, new Timeline(model.resources), placed).courses.map(termsOf);
}

/** The seconds of `stageCost` alone: searches ask for little else. */
export function stageSeconds(model: FleetModel, placed: readonly PlacedShard[]): number {
  const time = scratchOf(model);
  let seconds = 0;
  for (const { joined } of run(model, time, placed).courses) seconds = Math.max(seconds, joined);
  return seconds;
}

/** One per fleet, used again and again. */
const SCRATCH = new WeakMap<FleetModel, Timeline>();

function scratchOf(model: FleetModel): Timeline {
  let time = SCRATCH.get(model);
  if (!time) {
    time = new Timeline(model.resources);
    SCRATCH.set(model, time);
  }
  time.reset();
  return time;
}

/** Sends, computes and brings back. */
function run(model: FleetModel, time: Timeline, placed: readonly PlacedShard[]) {
  const courses = placed.map((entry) => courseOf(model, entry));
  const remote = courses.filter(({ worker }) => !worker.isMaster);
  const sent = send(model, time, courses, remote);
  if (courses[0]?.shard.legs) {
    runLegs(model, time, courses);
    return { courses, remote, sent };
  }
  for (const course of courses) compute(time, course);
  const returns = courses.map((course) => ({ course, at: returnAt(model, course) }));
  returns.sort((a, b) => a.at - b.at);
  for (const { course } of returns) bringBack(model, time, course, courses.length);
  return { courses, remote, sent };
}

/** Computes leg after leg, and brings back what has ended meanwhile, each step when its time has come. */
function runLegs(model: FleetModel, time: Timeline, courses: readonly Course[]): void {
  const queue = new EventQueue();
  const schedule: Schedule = (at, rank, order, run) => queue.push({ at, rank: RANK[rank], order, run });
  const exchange = new Exchange(model, time, schedule, (shard) => {
    const course = courses[shard]!;
    schedule(returnAt(model, course), 'returning', shard, () =>
      bringBack(model, time, course, courses.length),
    );
  });
  for (const [shard, course] of courses.entries()) exchange.add(shard, course);
  for (const shard of courses.keys()) exchange.begin(shard);
  for (let event = queue.pop(); event; event = queue.pop()) event.run(event.at);
}

/** Through the link of one worker, both ways. */
function pieceMessages(model: FleetModel, { legs = [] }: Travelling): number {
  let messages = 0;
  for (const { sends, receives } of legs)
    for (const { bytes } of [...sends, ...receives]) messages += model.messagesOf([bytes]);
  return messages;
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
    const arrival = sendShared(model, time, 0, remote, shared);
    for (const course of remote) takeShared(course, arrival);
    ({ messages, repeated } = arrival);
  }
  for (const course of courses) messages += sendOwn(model, time, 0, course, shared, courses.length);
  return { shared, messages, repeated };
}
