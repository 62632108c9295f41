import type { Bus } from '../../src/transport/bus.ts';

/** Keeps what is published on topics that match, and waits for what fits. */
export class Watch<T> {
  readonly seen: T[] = [];
  readonly #decode: (topic: string, payload: Uint8Array) => T;
  #waits: { fits: (seen: T) => boolean; resolve: (seen: T) => void }[] = [];

  constructor(decode: (topic: string, payload: Uint8Array) => T) {
    this.#decode = decode;
  }

  async on(bus: Bus, filter: string): Promise<this> {
    await bus.subscribe(filter, (topic, payload) => {
      const message = this.#decode(topic, payload);
      this.seen.push(message);
      const ready = this.#waits.filter(({ fits }) => fits(message));
      this.#waits = this.#waits.filter((wait) => !ready.includes(wait));
      for (const { resolve } of ready) resolve(message);
    });
    return this;
  }

  /** The next message that fits. */
  next(fits: (seen: T) => boolean = () => true): Promise<T> {
    return new Promise((resolve) => this.#waits.push({ fits, resolve }));
  }

  /** The first message that fits, seen already or to come. */
  first(fits: (seen: T) => boolean): Promise<T> {
    const found = this.seen.find(fits);
    return found === undefined ? this.next(fits) : Promise.resolve(found);
  }
}
