import { randomUUID } from 'node:crypto';
import type { Aedes, AedesPublishPacket } from 'aedes';
import { IsobathError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import type { Bus, BusOptions, BusState, MessageHandler, PublishOptions, QoS } from '../transport/bus.ts';
import { Complaints } from '../transport/complaints.ts';
import { SendWindow } from '../transport/send-window.ts';
import { StateFeed } from '../transport/state-feed.ts';
import { requireFilter, requireTopic } from '../transport/topic-match.ts';

/** Per topic, so that one slow receiver holds up only what is meant for it. Far below `maxBacklogBytes`. */
const WINDOW_BYTES = 4 * 2 ** 20;

/** A part of Aedes that its type leaves out. */
interface Persistence {
  createRetainedStream(filter: string): AsyncIterable<AedesPublishPacket>;
}
type Deliver = (packet: AedesPublishPacket, done: () => void) => void;

/**
 * A bus to a broker in the same process: no socket, no copy. A publish resolves when the receivers that are slow but
 * moving have caught up, see `Forwarding`. It has no will: it cannot be lost without the broker.
 */
export class InProcessBus implements Bus {
  readonly clientId: string;
  readonly #aedes: () => Aedes | undefined;
  readonly #register: (bus: InProcessBus, open: boolean) => void;
  readonly #complaints: Complaints;
  readonly #feed = new StateFeed();
  readonly #windows = new Map<string, SendWindow>();
  readonly #subscriptions = new Map<Deliver, string>();

  /** @internal Made by `Broker.bus`. */
  constructor(
    aedes: () => Aedes | undefined,
    register: (bus: InProcessBus, open: boolean) => void,
    options: BusOptions & { readonly logger?: Logger },
  ) {
    this.#aedes = aedes;
    this.#register = register;
    this.clientId = options.clientId ?? randomUUID();
    this.#complaints = new Complaints(options.logger ?? silentLogger);
  }

  get state(): BusState {
    return this.#feed.state;
  }

  /** Rejects with ISO_ERR_BUS_CLOSED when the broker is not running. */
  async start(): Promise<void> {
    if (this.#aedes() === undefined) throw closed();
    this.#register(this, true);
    this.#feed.set('online');
  }

  async stop(): Promise<void> {
    this.#register(this, false);
    for (const window of this.#windows.values()) window.rejectWaiting(closed());
    for (const deliver of [...this.#subscriptions.keys()]) this.#end(deliver);
    this.#feed.set('offline');
  }

  async publish(
    topic: string,
    payload: string | Uint8Array,
    { qos = 0, retain = false }: PublishOptions = {},
  ): Promise<void> {
    requireTopic(topic);
    this.#requireAedes();
    const bytes =
      typeof payload === 'string'
        ? Buffer.from(payload)
        : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const window = this.#windows.get(topic) ?? new SendWindow(WINDOW_BYTES);
    this.#windows.set(topic, window);
    try {
      await window.run(bytes.length, () => this.#send(topic, bytes, qos, retain));
    } finally {
      if (window.idle) this.#windows.delete(topic);
    }
  }

  async subscribe(
    filter: string,
    handler: MessageHandler,
    _options: { readonly qos?: QoS } = {},
  ): Promise<() => Promise<void>> {
    requireFilter(filter);
    const aedes = this.#requireAedes();
    const internal = filter.startsWith('+') || filter.startsWith('#');
    const early = new Set<string>();
    let settled = false;
    const deliver: Deliver = (packet, done) => {
      // [MQTT-4.7.2-1]
      if (!(internal && packet.topic.startsWith('$')) && this.#subscriptions.has(deliver)) {
        if (!settled) early.add(packet.topic);
        this.#call(handler, packet, false);
      }
      setImmediate(done);
    };
    this.#subscriptions.set(deliver, filter);
    await new Promise<void>((resolve) => aedes.subscribe(filter, deliver, resolve));
    const { persistence } = aedes as unknown as { readonly persistence: Persistence };
    for await (const packet of persistence.createRetainedStream(filter)) {
      // What came live meanwhile is newer than what was kept.
      if (this.#subscriptions.has(deliver) && !early.has(packet.topic)) this.#call(handler, packet, true);
    }
    settled = true;
    return async () => this.#end(deliver);
  }

  onState(listener: (state: BusState) => void): () => void {
    return this.#feed.listen(listener);
  }

  #send(topic: string, payload: Buffer, qos: QoS, retain: boolean): Promise<void> {
    const aedes = this.#requireAedes();
    return new Promise((resolve, reject) => {
      aedes.publish({ cmd: 'publish', topic, payload, qos, retain, dup: false }, (error) => {
        if (error) reject(closed());
        else resolve();
      });
    });
  }

  #call(handler: MessageHandler, { topic, payload }: AedesPublishPacket, retain: boolean): void {
    try {
      handler(topic, payload as Buffer, { retain });
    } catch (error) {
      this.#complaints.of(topic, error);
    }
  }

  #end(deliver: Deliver): void {
    const filter = this.#subscriptions.get(deliver);
    if (filter === undefined) return;
    this.#subscriptions.delete(deliver);
    this.#aedes()?.unsubscribe(filter, deliver, () => {});
  }

  #requireAedes(): Aedes {
    const aedes = this.#aedes();
    if (aedes === undefined || this.state === 'offline') throw closed();
    return aedes;
  }
}

function closed(): IsobathError {
  return IsobathError.of('ISO_ERR_BUS_CLOSED', {});
}
