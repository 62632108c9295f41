import type { IsobathError } from '../base/errors.ts';
import type { Member } from './fleet.ts';

/** An agent is left out for so long, doubling with each failure up to the maximum. */
const PAUSE_MS = { first: 30_000, max: 600_000 };

interface Place {
  readonly epoch: number;
  readonly error: IsobathError;
  readonly pauseMs: number;
  readonly untilMs: number;
}

/**
 * Agents that could not deploy a model: its plans are made without them for a while, so that one full disk does not keep
 * the others from work. An agent that restarts is let in at once.
 */
export class AgentBench {
  readonly #places = new Map<string, Place>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Who is left out now, and why. */
  get errors(): ReadonlyMap<string, IsobathError> {
    const out = [...this.#places].filter(([, { untilMs }]) => untilMs > this.#now());
    return new Map(out.map(([agent, { error }]) => [agent, error]));
  }

  /** Milliseconds until the next one is let in; undefined where nobody is left out. */
  get nextMs(): number | undefined {
    const left = [...this.#places.values()]
      .map(({ untilMs }) => untilMs - this.#now())
      .filter((ms) => ms > 0);
    return left.length === 0 ? undefined : Math.min(...left);
  }

  /** Gives the milliseconds for which the agent is left out. */
  add(agent: string, epoch: number, error: IsobathError): number {
    const before = this.#places.get(agent)?.pauseMs;
    const pauseMs = before === undefined ? PAUSE_MS.first : Math.min(PAUSE_MS.max, before * 2);
    this.#places.set(agent, { epoch, error, pauseMs, untilMs: this.#now() + pauseMs });
    return pauseMs;
  }

  /** It deployed: its next failure counts as the first. */
  clear(agent: string): void {
    this.#places.delete(agent);
  }

  /** Those that may get work. */
  without(members: readonly Member[]): Member[] {
    return members.filter(({ id, epoch }) => {
      const place = this.#places.get(id);
      if (place && place.epoch !== epoch) this.#places.delete(id);
      return !place || place.epoch !== epoch || place.untilMs <= this.#now();
    });
  }
}
