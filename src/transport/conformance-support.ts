import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Bus, BusOptions, MessageHandler } from './bus.ts';

/** The bus under test. */
export interface Target {
  /** A bus that is not started yet; all buses of a target speak to the same broker. */
  makeBus(options?: BusOptions): Bus;
  /** Cuts the connection of a bus without a goodbye, for good. Left out where nothing can do that. */
  kill?(bus: Bus): void | Promise<void>;
}

const PATIENCE_MS = 20_000;

export function freshTopic(): string {
  return `conformance/${randomUUID()}`;
}

/** Runs `body` with started buses, and stops them whatever happens. */
export async function withBuses(
  target: Target,
  count: 1 | 2,
  body: (first: Bus, second: Bus) => Promise<void>,
): Promise<void> {
  const buses = [target.makeBus(), ...(count === 2 ? [target.makeBus()] : [])];
  try {
    for (const bus of buses) await bus.start();
    await body(buses[0]!, buses.at(-1)!);
  } finally {
    for (const bus of buses) await bus.stop();
  }
}

export async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error: { code?: string }) => {
    assert.equal(error.code, code);
    return true;
  });
}

interface Wait {
  readonly ready: () => boolean;
  readonly resolve: () => void;
}

/** Keeps what a handler is called with, and waits for it. */
export class Collector {
  readonly payloads: Uint8Array[] = [];
  readonly retains: boolean[] = [];
  readonly #topics: string[] = [];
  #waits: Wait[] = [];

  readonly handler: MessageHandler = (topic, payload, { retain }) => {
    this.#topics.push(topic);
    this.payloads.push(payload);
    this.retains.push(retain);
    const ready = this.#waits.filter((wait) => wait.ready());
    this.#waits = this.#waits.filter((wait) => !ready.includes(wait));
    for (const { resolve } of ready) resolve();
  };

  topics(): string[] {
    return [...this.#topics];
  }

  texts(): string[] {
    return this.payloads.map((payload) => Buffer.from(payload).toString());
  }

  /** Resolves at the `wanted`-th message. */
  count(wanted: number): Promise<void> {
    return this.#wait(`${wanted} messages`, () => this.payloads.length >= wanted);
  }

  /** Resolves when `text` has arrived. */
  until(text: string): Promise<void> {
    return this.#wait(`"${text}"`, () => this.texts().includes(text));
  }

  async #wait(what: string, ready: () => boolean): Promise<void> {
    if (ready()) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#waits.push({ ready, resolve });
      timer = setTimeout(() => {
        reject(new Error(`${what} did not arrive; ${this.payloads.length} messages did`));
      }, PATIENCE_MS);
    }).finally(() => clearTimeout(timer));
  }
}
