import type { IsobathError } from '../base/errors.ts';
import type { Member } from './fleet-entry.ts';

interface Place {
  readonly life: string;
  readonly error: IsobathError;
  readonly pauseMs: number;
  readonly untilMs: number;
}

export interface AgentBenchOptions {
  /** An agent is left out for so long, doubling with each failure up to `maxMs`. */
  readonly firstMs: number;
  /** Default 600000. */
  readonly maxMs?: number;
  /** In milliseconds. Default: the monotonic clock. */
  readonly now?: () => number;
}

/**
 * Agents that failed: plans are made without them for a while, so that one full disk does not keep the others from work.
 * An agent that restarts is let in at once.
 */
export class AgentBench {
  readonly #places = new Map<string, Place>();
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #now: () => number;

  constructor({ firstMs, maxMs = 600_000, now = () => performance.now() }: AgentBenchOptions) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
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
  add(agent: string, life: string, error: IsobathError): number {
    const before = this.#places.get(agent)?.pauseMs;
    const pauseMs = before === undefined ? this.#firstMs : Math.min(this.#maxMs, before * 2);
    this.#places.set(agent, { life, error, pauseMs, untilMs: this.#now() + pauseMs });
    return pauseMs;
  }

  /** True while its pause is not over. A failure of an earlier life is forgotten. */
  isOut(agent: string, life: string): boolean {
    const place = this.#places.get(agent);
    if (place && place.life !== life) this.#places.delete(agent);
    return place !== undefined && place.life === life && place.untilMs > this.#now();
  }

  /** True from a failure until `clear`: after the pause, too, until it has shown that it can do its work. */
  has(agent: string): boolean {
    return this.#places.has(agent);
  }

  /** It did its work: its next failure counts as the first. */
  clear(agent: string): void {
    this.#places.delete(agent);
  }

  /** Those that may get work. */
  without(members: readonly Member[]): Member[] {
    return members.filter(({ id, life }) => !this.isOut(id, life));
  }
}
