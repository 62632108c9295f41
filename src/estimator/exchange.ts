import type { HaloPiece, Leg } from '../partition/shard.ts';
import { serveEngine, serveLoop } from './courses.ts';
import type { RANK } from './event-queue.ts';
import type { FleetModel } from './fleet-model.ts';
import { pieceSteps } from './routes.ts';
import type { Course } from './stage-summary.ts';
import type { Timeline } from './timeline.ts';

/** Has a step taken when its time has come. `rank` and the number of the shard (with a fraction for its pieces) order those of the same moment. */
export type Schedule = (
  at: number,
  rank: keyof typeof RANK,
  order: number,
  run: (at: number) => void,
) => void;

/** Where a shard is. */
interface Traveller {
  readonly course: Course;
  readonly legs: readonly Leg[];
  /** Which leg it runs, or waits for. */
  leg: number;
  /** When what leg `at` reads is there, as far as it is known. */
  readonly ready: Float64Array;
  /** Per leg, the shards whose pieces are not there, and itself. */
  readonly missing: readonly Set<number>[];
  state: 'waiting' | 'ended' | 'lost';
}

/**
 * The legs of one stage's shards on the resources of a fleet: computed, their pieces sent, the next begun when all that it
 * reads is there. Each step is taken when its time has come, by whoever keeps the time: `stageCost` and the simulation.
 */
export class Exchange {
  readonly #model: FleetModel;
  readonly #time: Timeline;
  readonly #schedule: Schedule;
  readonly #done: (shard: number) => void;
  readonly #travellers: Traveller[] = [];

  /** `done` is told of each shard whose last leg is computed: `course.computed` says when. */
  constructor(model: FleetModel, time: Timeline, schedule: Schedule, done: (shard: number) => void) {
    this.#model = model;
    this.#time = time;
    this.#schedule = schedule;
    this.#done = done;
  }

  /** Of the whole stage, before the first begins. */
  add(shard: number, course: Course): void {
    const legs = course.shard.legs!;
    this.#travellers[shard] = {
      course,
      legs,
      leg: 0,
      ready: new Float64Array(legs.length),
      missing: legs.map(
        ({ receives }, at) => new Set(at > 0 ? [shard, ...receives.map((piece) => piece.shard)] : []),
      ),
      state: 'waiting',
    };
  }

  /** The regions of the shard are there at `course.arrived`. */
  begin(shard: number): void {
    const { ready, course } = this.#travellers[shard]!;
    ready[0] = course.arrived;
    this.#schedule(course.arrived, 'computing', shard, () => this.#compute(shard));
  }

  /** The shard ends without its pieces. Gives those that cannot go on without them, one after the other, and not itself. */
  lose(shard: number): number[] {
    this.#travellers[shard]!.state = 'lost';
    const lost: number[] = [];
    for (const [other, { state, leg, missing }] of this.#travellers.entries()) {
      if (state !== 'waiting' || !missing.some((from, at) => at >= leg && from.has(shard))) continue;
      lost.push(other, ...this.lose(other));
    }
    return lost;
  }

  #compute(shard: number): void {
    const { course, legs, leg, ready, state } = this.#travellers[shard]!;
    if (state === 'lost') return;
    const { worker, computeSeconds } = course;
    const seconds = legs.map(({ part }) => worker.compute.seconds(part.work));
    // a worker that is slower than known is so in every leg
    const slowness = computeSeconds / seconds.reduce((sum, each) => sum + each, 0);
    const end = serveEngine(this.#time, worker, ready[leg]!, slowness * seconds[leg]!);
    if (leg < legs.length - 1) {
      this.#schedule(end, 'exchanging', shard, (at) => this.#send(shard, at));
      return;
    }
    this.#travellers[shard]!.state = 'ended';
    course.computed = end;
    this.#done(shard);
  }

  /** Its pieces go out one after the other, then its own rows are put where the next leg reads them. */
  #send(shard: number, at: number): void {
    const traveller = this.#travellers[shard]!;
    if (traveller.state === 'lost') return;
    const { course, legs, leg } = traveller;
    traveller.leg += 1;
    const { copySecondsPerByte } = course.worker.compute.profile;
    const { sends } = legs[leg]!;
    for (const [index, piece] of sends.entries())
      this.#pass(shard, leg + 1, piece, shard + index / (1 + sends.length), at);
    const { part, receives } = legs[leg + 1]!;
    const kept = part.inputBytes[0]! - receives.reduce((sum, { bytes }) => sum + bytes, 0);
    const copied = serveLoop(this.#time, course.worker, at, kept * copySecondsPerByte);
    this.#arrive(shard, leg + 1, shard, copied);
  }

  /** Each step of its way is taken when its first chunk is there: what it will need later keeps nothing else waiting. */
  #pass(from: number, leg: number, piece: HaloPiece, order: number, at: number): void {
    const [sender, receiver] = [this.#travellers[from]!, this.#travellers[piece.shard]!];
    const load = { bytes: piece.bytes, messages: this.#model.messagesOf([piece.bytes]) };
    const steps = pieceSteps(this.#model, this.#time, sender.course.worker, receiver.course.worker, load);
    const take = (step: number, head: number, tail: number): void => {
      this.#time.resume(head, tail);
      steps[step]!();
      const { next, tail: end } = this.#time;
      if (step === steps.length - 1) this.#arrive(piece.shard, leg, from, end);
      else this.#schedule(next, 'exchanging', order, () => take(step + 1, next, end));
    };
    take(0, at, at);
  }

  #arrive(shard: number, leg: number, from: number, at: number): void {
    const { missing, ready, state } = this.#travellers[shard]!;
    ready[leg] = Math.max(ready[leg]!, at);
    if (!missing[leg]!.delete(from) || missing[leg]!.size > 0 || state === 'lost') return;
    this.#schedule(ready[leg]!, 'computing', shard, () => this.#compute(shard));
  }
}
