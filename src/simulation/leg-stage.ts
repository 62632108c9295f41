import { Exchange, type Schedule } from '../estimator/exchange.ts';
import type { FleetModel } from '../estimator/fleet-model.ts';
import type { Course } from '../estimator/stage-summary.ts';
import type { Timeline } from '../estimator/timeline.ts';
import type { FlowShard } from '../planner/dataflow.ts';
import type { Flight } from './stage-record.ts';

/** A stage in legs of one inference. Its shards begin when their regions are there, and go on together. */
export class LegStage {
  readonly #exchange: Exchange;
  readonly #courses: readonly Course[];
  readonly #flights = new Map<number, { readonly flow: FlowShard; readonly flight: Flight }>();
  /** Those that cannot go on, and had not begun when that was known. */
  readonly #lost = new Set<number>();

  constructor(
    model: FleetModel,
    time: Timeline,
    courses: readonly Course[],
    schedule: Schedule,
    done: (flow: FlowShard, flight: Flight) => void,
  ) {
    this.#courses = courses;
    this.#exchange = new Exchange(model, time, schedule, (shard) => {
      const { flow, flight } = this.#flights.get(shard)!;
      done(flow, flight);
    });
    for (const [shard, course] of courses.entries()) this.#exchange.add(shard, course);
  }

  courseOf({ index }: FlowShard): Course {
    return this.#courses[index]!;
  }

  /** The shard is on its way, with or without luck. */
  fire(flow: FlowShard, flight: Flight): void {
    this.#flights.set(flow.index, { flow, flight });
  }

  /** Its regions are there. False where it is known by now that it cannot go on. */
  begin({ index }: FlowShard): boolean {
    if (this.#lost.has(index)) return false;
    this.#exchange.begin(index);
    return true;
  }

  /** The shard is given up: `giveUp` is called for those that cannot go on without it. */
  lose({ index }: FlowShard, giveUp: (flow: FlowShard, flight: Flight) => void): void {
    for (const shard of this.#exchange.lose(index)) {
      const fired = this.#flights.get(shard);
      if (fired) giveUp(fired.flow, fired.flight);
      else this.#lost.add(shard);
    }
  }
}
