import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import mqtt, { type MqttClient } from 'mqtt';
import { IsobathError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import type { Bus, BusState, MessageHandler, PublishOptions, QoS } from './bus.ts';
import { HandlerTable } from './handler-table.ts';
import { connectFirst, endClient, whyOf } from './mqtt-connect.ts';
import { clientOptions, type MqttBusOptions, reconnectPause, withoutPassword } from './mqtt-options.ts';
import { SendWindow } from './send-window.ts';
import { StateFeed } from './state-feed.ts';
import { requireFilter, requireTopic } from './topic-match.ts';

const WINDOW_BYTES = 4 * 2 ** 20;
/** mqtt.js hangs one listener on the socket for each message that waits, and warns above a thousand. */
const WINDOW_MESSAGES = 500;

/** A bus on an MQTT 3.1.1 broker. The first connection must succeed; after that it reconnects for ever. */
export class MqttBus implements Bus {
  readonly clientId: string;
  readonly url: string;
  readonly #options: MqttBusOptions;
  readonly #logger: Logger;
  readonly #handlers: HandlerTable;
  readonly #feed = new StateFeed();
  readonly #window: SendWindow;
  /** Publishes under way: mqtt.js leaves those of QoS 0 unsettled when the connection closes before the socket drains. */
  readonly #pending = new Set<{ readonly qos: QoS; readonly settle: (error?: Error | null) => void }>();
  /** Those who wait for the connection to come back. */
  readonly #returns = new Set<(error?: Error) => void>();
  /** Unsubscriptions that the broker has not confirmed. */
  readonly #leaving = new Map<string, Promise<unknown>>();
  #client: MqttClient | undefined;
  #attempts = 0;
  /** After the first connection. */
  #wasLost = false;

  constructor(options: MqttBusOptions) {
    this.#options = options;
    this.clientId = options.clientId ?? `isobath-${randomUUID()}`;
    this.url = withoutPassword(options.url);
    this.#logger = (options.logger ?? silentLogger).child({ broker: this.url });
    this.#handlers = new HandlerTable(this.#logger);
    this.#window = new SendWindow(options.windowBytes ?? WINDOW_BYTES, WINDOW_MESSAGES);
  }

  get state(): BusState {
    return this.#feed.state;
  }

  /** Rejects with ISO_ERR_BROKER_UNREACHABLE or ISO_ERR_BROKER_REFUSED. */
  async start(): Promise<void> {
    if (this.#client !== undefined) return;
    const client = mqtt.connect(this.#options.url, clientOptions(this.#options, this.clientId));
    this.#client = client;
    client.on('message', (topic, payload, packet) => this.#handlers.dispatch(topic, payload, packet.retain));
    // Else small messages wait for the acknowledgement of the packet before, 40 ms on Linux. WebSockets do it themselves.
    client.on('connect', () => (client.stream as Partial<Socket>).setNoDelay?.(true));
    // Without a listener, an error event would end the process. What matters is told by `close`.
    client.on('error', (error) => this.#logger.debug({ err: error }, `Connection: ${whyOf(error)}`));
    try {
      await connectFirst(client, this.url);
    } catch (error) {
      this.#client = undefined;
      await endClient(client);
      throw error;
    }
    client.on('close', () => this.#lost(client));
    client.on('connect', () => void this.#restored(client));
    if (this.#client === client && client.connected) this.#feed.set('online');
    else if (this.#client === client) this.#lost(client);
  }

  async stop(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    this.#window.rejectWaiting(closed());
    this.#endWaiting(closed());
    await endClient(client);
    for (const { settle } of this.#pending) settle(closed());
    this.#handlers.clear();
    this.#feed.set('offline');
  }

  /** Ends without a goodbye, as a crash would: the broker publishes the will. */
  async abandon(): Promise<void> {
    this.#client?.stream.destroy();
    await this.stop();
  }

  async publish(
    topic: string,
    payload: string | Uint8Array,
    { qos = 0, retain = false }: PublishOptions = {},
  ): Promise<void> {
    requireTopic(topic);
    this.#requireClient();
    // mqtt.js clones what is not a Buffer together with all memory behind it.
    const bytes =
      typeof payload === 'string'
        ? Buffer.from(payload)
        : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    await this.#window.run(bytes.length, () => this.#send(topic, bytes, qos, retain));
  }

  async subscribe(
    filter: string,
    handler: MessageHandler,
    { qos = 0 }: { readonly qos?: QoS } = {},
  ): Promise<() => Promise<void>> {
    requireFilter(filter);
    this.#requireClient();
    const entry = this.#handlers.add({ filter, handler, qos });
    try {
      // Aedes may end a subscription after it has begun the next one of the same filter
      await this.#leaving.get(filter);
      await this.#subscribeNow(filter, this.#handlers.filters().get(filter) ?? qos);
    } catch (error) {
      this.#handlers.remove(entry);
      throw error;
    }
    return async () => {
      if (!this.#handlers.remove(entry) || this.state === 'offline') return;
      // lost: then the session is gone, too
      const left = this.#client?.unsubscribeAsync(filter).catch(() => {});
      if (!left) return;
      this.#leaving.set(filter, left);
      await left;
      if (this.#leaving.get(filter) === left) this.#leaving.delete(filter);
    };
  }

  onState(listener: (state: BusState) => void): () => void {
    return this.#feed.listen(listener);
  }

  #send(topic: string, payload: Buffer, qos: QoS, retain: boolean): Promise<void> {
    const client = this.#requireClient();
    if (qos === 0 && !client.connected) return Promise.reject(this.#offline());
    return new Promise((resolve, reject) => {
      const pending = {
        qos,
        settle: (error?: Error | null) => {
          this.#pending.delete(pending);
          if (!error) resolve();
          else reject(this.#client === undefined ? closed() : this.#offline());
        },
      };
      this.#pending.add(pending);
      client.publish(topic, payload, { qos, retain }, pending.settle);
    });
  }

  /** The handler is in the table already, so when the connection is lost, `#restored` subscribes and this waits for it. */
  async #subscribeNow(filter: string, qos: QoS): Promise<void> {
    const client = this.#requireClient();
    try {
      if (this.state === 'online') await client.subscribeAsync(filter, { qos });
      else await this.#untilOnline();
    } catch (error) {
      if (this.#client === undefined) throw closed();
      if (this.state === 'offline') return this.#untilOnline();
      throw IsobathError.of('ISO_ERR_SUBSCRIBE_REFUSED', { filter, reason: whyOf(error) }, error);
    }
  }

  #untilOnline(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#returns.add((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  #endWaiting(error?: Error): void {
    for (const settle of this.#returns) settle(error);
    this.#returns.clear();
  }

  #lost(client: MqttClient): void {
    if (this.#client !== client) return;
    if (this.#feed.state === 'online') {
      this.#wasLost = true;
      this.#logger.warn({}, 'The connection to the broker is lost');
    }
    this.#feed.set('offline');
    for (const { qos, settle } of this.#pending) if (qos === 0) settle(this.#offline());
    // mqtt.js reads this when it plans the attempt after the next close.
    this.#attempts += 1;
    client.options.reconnectPeriod = reconnectPause(this.#options, this.#attempts);
  }

  /** The session is clean, so every filter is subscribed again before anyone is told. */
  async #restored(client: MqttClient): Promise<void> {
    const filters = [...this.#handlers.filters()];
    this.#handlers.forgetRetained();
    try {
      await Promise.all(filters.map(([filter, qos]) => client.subscribeAsync(filter, { qos })));
    } catch (error) {
      if (this.#client !== client || !client.connected) return; // the next connection does it
      this.#logger.error({ err: error }, `A subscription was not restored: ${whyOf(error)}`);
    }
    if (this.#client !== client || !client.connected) return;
    this.#attempts = 0;
    client.options.reconnectPeriod = reconnectPause(this.#options, 0);
    if (this.#wasLost) this.#logger.info({}, 'The connection to the broker is back');
    this.#wasLost = false;
    this.#feed.set('online');
    this.#endWaiting();
  }

  #requireClient(): MqttClient {
    if (this.#client === undefined) throw closed();
    return this.#client;
  }

  #offline(): IsobathError {
    return IsobathError.of('ISO_ERR_BUS_OFFLINE', { url: this.url });
  }
}

function closed(): IsobathError {
  return IsobathError.of('ISO_ERR_BUS_CLOSED', {});
}
