import type { BusState } from './bus.ts';

/** Remembers a bus's state and tells its listeners of changes. */
export class StateFeed {
  readonly #listeners = new Set<(state: BusState) => void>();
  #state: BusState = 'offline';

  get state(): BusState {
    return this.#state;
  }

  set(state: BusState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  listen(listener: (state: BusState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
