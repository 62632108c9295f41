import { randomUUID } from 'node:crypto';
import { IsobathError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import type { Bus, BusOptions, BusState, MessageHandler, PublishOptions, QoS, Will } from './bus.ts';
import { HandlerTable } from './handler-table.ts';
import { StateFeed } from './state-feed.ts';
import { requireFilter, requireTopic, topicMatches } from './topic-match.ts';

export interface MemoryBusOptions extends BusOptions {
  readonly logger?: Logger;
}

/** A broker without a network: what tests of the layers above run on. */
export class MemoryHub {
  readonly #buses = new Set<MemoryBus>();
  readonly #retained = new Map<string, Uint8Array>();
  /** How often a message is delivered: 0 plays a loss, 2 a double. */
  copies: (topic: string) => number = () => 1;

  /** How long a message is on its way to a receiver; those behind it wait. */
  delayMs: (topic: string, bytes: number, to: MemoryBus) => number = () => 0;

  bus(options?: MemoryBusOptions): MemoryBus {
    return new MemoryBus(this, options);
  }

  /** @internal */
  attach(bus: MemoryBus): void {
    this.#buses.add(bus);
  }

  /** @internal */
  detach(bus: MemoryBus, will: Will | undefined): void {
    if (this.#buses.delete(bus) && will !== undefined) this.publish(will.topic, will.payload, will);
  }

  /** @internal */
  publish(topic: string, payload: string | Uint8Array, { retain = false }: PublishOptions): void {
    const bytes = Buffer.from(payload);
    if (retain && bytes.length === 0) this.#retained.delete(topic);
    else if (retain) this.#retained.set(topic, bytes);
    for (let copy = this.copies(topic); copy > 0; copy -= 1) {
      for (const bus of this.#buses) bus.deliver(topic, bytes, false);
    }
  }

  /** @internal */
  retained(filter: string): [topic: string, payload: Uint8Array][] {
    return [...this.#retained].filter(([topic]) => topicMatches(filter, topic));
  }
}

/**
 * A bus on a hub in the same process. Messages are copied, and arrive in a later turn of the event loop, as from a network.
 * `lose` and `regain` play a network failure, `suspend` a process that SIGSTOP holds, `kill` a crash.
 */
export class MemoryBus implements Bus {
  readonly clientId: string;
  readonly #hub: MemoryHub;
  readonly #will: Will | undefined;
  readonly #handlers: HandlerTable;
  readonly #feed = new StateFeed();
  #stopped = false;
  /** When the last message on the way arrives. */
  #freeMs = 0;
  #late: Promise<void> = Promise.resolve();
  /** What has come and is not read yet. */
  #unread: (() => void)[] | undefined;

  constructor(hub: MemoryHub, options: MemoryBusOptions = {}) {
    this.#hub = hub;
    this.clientId = options.clientId ?? randomUUID();
    this.#will = options.will;
    this.#handlers = new HandlerTable(options.logger ?? silentLogger);
  }

  get state(): BusState {
    return this.#feed.state;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    this.#hub.attach(this);
    this.#feed.set('online');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#leave(undefined);
    this.#handlers.clear();
  }

  /** The connection is lost: the will is published, and nothing comes or goes. */
  lose(): void {
    this.#leave(this.#will);
  }

  /** The connection is back, with its subscriptions. */
  regain(): void {
    if (this.#stopped) return;
    this.#hub.attach(this);
    this.#handlers.forgetRetained();
    for (const filter of this.#handlers.filters().keys()) {
      for (const [topic, payload] of this.#hub.retained(filter)) this.deliver(topic, payload, true);
    }
    this.#feed.set('online');
  }

  /** What comes from now on waits until the function that is returned is called. */
  suspend(): () => void {
    this.#unread = [];
    return () => {
      for (const arrive of this.#unread?.splice(0) ?? []) setImmediate(arrive);
      this.#unread = undefined;
    };
  }

  /** The process died: as `lose`, and for good. */
  kill(): void {
    this.#stopped = true;
    this.lose();
  }

  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    requireTopic(topic);
    this.#requireOpen();
    if (this.state === 'offline') throw IsobathError.of('ISO_ERR_BUS_OFFLINE', { url: 'memory:' });
    this.#hub.publish(topic, payload, options);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async subscribe(
    filter: string,
    handler: MessageHandler,
    { qos = 0 }: { readonly qos?: QoS } = {},
  ): Promise<() => Promise<void>> {
    requireFilter(filter);
    this.#requireOpen();
    // What was published before this call is still on its way to the others, and here only as a retained message.
    const retained = this.#hub.retained(filter);
    await new Promise((resolve) => setImmediate(resolve));
    this.#requireOpen();
    const entry = this.#handlers.add({ filter, handler, qos });
    for (const [topic, payload] of retained) {
      this.#handlers.call(entry, topic, Uint8Array.from(payload), true);
    }
    return async () => {
      this.#handlers.remove(entry);
    };
  }

  onState(listener: (state: BusState) => void): () => void {
    return this.#feed.listen(listener);
  }

  /** @internal */
  deliver(topic: string, payload: Uint8Array, retain: boolean): void {
    const copy = Uint8Array.from(payload);
    const arrive = () => {
      if (this.#unread) this.#unread.push(arrive);
      else if (this.state === 'online') this.#handlers.dispatch(topic, copy, retain);
    };
    const delayMs = this.#hub.delayMs(topic, payload.length, this);
    const now = performance.now();
    if (delayMs === 0 && this.#freeMs <= now) {
      setImmediate(arrive);
      return;
    }
    const dueMs = Math.max(this.#freeMs, now) + delayMs;
    this.#freeMs = dueMs;
    this.#late = this.#late.then(async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
      arrive();
    });
  }

  #leave(will: Will | undefined): void {
    this.#hub.detach(this, will);
    this.#feed.set('offline');
  }

  #requireOpen(): void {
    if (this.#stopped) throw IsobathError.of('ISO_ERR_BUS_CLOSED', {});
  }
}
