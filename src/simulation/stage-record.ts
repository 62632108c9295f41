import type { Course } from '../estimator/stage-summary.ts';
import type { Stage } from '../planner/plan.ts';
import type { SimulatedStage } from './result.ts';

/** A shard of one inference, from the moment when all that it reads is there. */
export interface Flight {
  course: Course;
  readonly fired: number;
  /** When this attempt began; later than `fired` where the first one was given up. */
  began: number;
  /** Tells the dealer of a stage with replicas that the attempt ended, and what it took. */
  dealt?: ((tookSeconds?: number) => void) | undefined;
}

const TERMS = ['retry', 'partition', 'transmit', 'edge', 'receive', 'join'] as const;

/** Collects the terms of one stage over the inferences. */
export class StageRecord {
  readonly #stage: Stage;
  readonly #sums = new Float64Array(TERMS.length);
  #count = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** The shard that ended last in one inference. */
  add({ course, fired, began }: Flight): void {
    const marks = [
      fired,
      began,
      course.left,
      course.arrived,
      course.computed,
      course.received,
      course.joined,
    ];
    for (let at = 0; at < TERMS.length; at += 1) this.#sums[at]! += marks[at + 1]! - marks[at]!;
    this.#count += 1;
  }

  get result(): SimulatedStage {
    const { name, scheme, shards } = this.#stage;
    const means = TERMS.map((term, at) => [term, this.#sums[at]! / Math.max(1, this.#count)]);
    return { name, scheme, shards: shards.length, terms: Object.fromEntries(means) };
  }
}
