/** The least that is needed to tell others: typed events, and an unsubscribe function for each listener. */
export class Emitter<Events extends Record<string, unknown>> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  on<E extends keyof Events>(name: E, listener: (event: Events[E]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<E extends keyof Events>(name: E, event: Events[E]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])])
      (listener as (event: Events[E]) => void)(event);
  }
}
