import type { MeasuredFleet } from '../estimator/measured.ts';
import type { Plan } from '../planner/plan.ts';
import { planInSlices } from '../planner/strategies.ts';
import { Abilities } from './abilities.ts';
import type { Member } from './fleet.ts';
import type { ServedModel } from './served-model.ts';

/** Makes plans for one model, one at a time, while the event loop serves. */
export class ModelPlanner {
  readonly #model: ServedModel;
  readonly #abilities: Abilities;
  #planning: AbortController | undefined;
  #spentMs = 0;

  /** `engine` is the name of the master's. */
  constructor(model: ServedModel, engine: string) {
    this.#model = model;
    this.#abilities = new Abilities(model.graph, engine);
  }

  /** Milliseconds of the event loop that all plans have taken so far, but for the last slices. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /** For these members of the fleet. Rejects with what `planGraph` throws, and with an AbortError when it is given up. */
  async plan(fleet: MeasuredFleet, members: readonly Member[], givesWay: () => boolean): Promise<Plan> {
    const planning = new AbortController();
    this.#planning = planning;
    const agents = fleet.agents.filter((agent) => members.some(({ id }) => id === agent.id));
    const canRun = this.#abilities.of(members);
    const onSlice = (ms: number) => {
      this.#spentMs += ms;
    };
    try {
      return await planInSlices(
        this.#model.graph,
        { ...fleet, agents },
        { ...this.#model, canRun },
        { signal: planning.signal, givesWay, onSlice },
      );
    } finally {
      if (this.#planning === planning) this.#planning = undefined;
    }
  }

  /** Gives up the plan that is being made. */
  abort(): void {
    this.#planning?.abort();
  }
}

/** True for what a plan rejects with that was given up. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
