import type { Server } from 'node:net';
import {
  Aedes,
  type AuthenticateError,
  type Client,
  type ConnectPacket,
  type PublishPacket,
  type Subscription,
} from 'aedes';
import { reasonOf } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { BusOptions } from '../transport/bus.ts';
import { type AccessRules, Passwords } from './access.ts';
import { Connection } from './connection.ts';
import { type DiscardedPublish, REFUSED_TOPIC } from './discarded-publish.ts';
import { Forwarding } from './forwarding.ts';
import { InProcessBus } from './in-process-bus.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.ts';
import {
  type Arrival,
  type Door,
  listen,
  type TlsOptions,
  tcpListener,
  unlisten,
  webSocketListener,
} from './listeners.ts';
import { oversizedAnswer } from './oversized-request.ts';
import { causeOf, Refusal } from './refusal.ts';
import { RefusalLog } from './refusal-log.ts';

export interface BrokerOptions {
  /** Address to listen on. Default 127.0.0.1: whoever opens the broker to a network says so. */
  readonly host?: string;
  /** Default 1883; 0 takes a free one. */
  readonly port?: number;
  /** Also listens for MQTT over WebSocket; 0 takes a free port. */
  readonly wsPort?: number;
  /** Passwords by user name. Left out: everybody may connect. */
  readonly users?: Readonly<Record<string, string>>;
  readonly access?: AccessRules;
  /** Both listeners use it. */
  readonly tls?: TlsOptions;
  readonly limits?: Partial<BrokerLimits>;
  readonly logger?: Logger;
}

const TICK_MS = 250;

/** An MQTT 3.1.1 broker in this process: Aedes, with limits that keep one client from harming the others. */
export class Broker implements Service {
  readonly #options: BrokerOptions;
  readonly #limits: BrokerLimits;
  readonly #logger: Logger;
  readonly #passwords: Passwords | undefined;
  readonly #forwarding: Forwarding;
  readonly #connections = new Set<Connection>();
  readonly #buses = new Set<InProcessBus>();
  readonly #users = new WeakMap<Client, string>();
  readonly #refusals: RefusalLog;
  /** Clients that gave no identifier and wanted a session that outlives the connection. */
  readonly #nameless = new WeakSet<Client>();
  readonly #addresses = new WeakMap<Connection, string>();
  #servers: Server[] = [];
  #aedes: Aedes | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #port = 0;
  #wsPort: number | undefined;

  constructor(options: BrokerOptions = {}) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#logger = options.logger ?? silentLogger;
    this.#passwords = options.users === undefined ? undefined : new Passwords(options.users);
    this.#forwarding = new Forwarding(this.#limits, this.#logger);
    this.#refusals = new RefusalLog(this.#logger);
  }

  /** Valid after `start`. */
  get port(): number {
    return this.#port;
  }

  /** Valid after `start`; undefined without a WebSocket listener. */
  get wsPort(): number | undefined {
    return this.#wsPort;
  }

  /** Connections now, and messages dropped since the start because a client was too far behind. */
  get counts(): { readonly connections: number; readonly dropped: number } {
    return { connections: this.#connections.size, dropped: this.#forwarding.dropped };
  }

  /** Rejects with ISO_ERR_BROKER_LISTEN. */
  async start(): Promise<void> {
    if (this.#aedes !== undefined) return;
    const { host = '127.0.0.1', port = 1883, wsPort, tls } = this.#options;
    this.#aedes = await this.#createAedes();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref();
    try {
      this.#port = await this.#listen(tcpListener(tls, this.#limits, this.#door), host, port);
      if (wsPort !== undefined) {
        this.#wsPort = await this.#listen(webSocketListener(tls, this.#limits, this.#door), host, wsPort);
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const aedes = this.#aedes;
    if (aedes === undefined) return;
    this.#aedes = undefined;
    clearInterval(this.#ticker);
    // Before the clients, so that nobody in this process takes the wills of a stopping broker for lost agents.
    for (const bus of [...this.#buses]) await bus.stop();
    const closing = this.#servers.map(unlisten);
    this.#servers = [];
    await new Promise<void>((resolve) => aedes.close(resolve));
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(closing);
  }

  /** A bus to this broker without a socket. Start it after the broker; the broker's stop ends it. */
  bus(options: BusOptions & { readonly logger?: Logger } = {}): InProcessBus {
    return new InProcessBus(
      () => this.#aedes,
      (bus, open) => (open ? this.#buses.add(bus) : this.#buses.delete(bus)),
      { logger: this.#logger, ...options },
    );
  }

  async #listen(server: Server, host: string, port: number): Promise<number> {
    this.#servers.push(server);
    return listen(server, host, port);
  }

  readonly #door: Door = {
    accept: (arrival) => this.#accept(arrival),
    refused: (address, error) => this.#tellEnd(error, { address }),
  };

  #accept({ stream, framed, address }: Arrival): Connection | undefined {
    if (this.#aedes === undefined) return undefined;
    const { maxConnections } = this.#limits;
    if (this.#connections.size >= maxConnections) {
      this.#refusals.note('connections', { address, limit: maxConnections });
      return undefined;
    }
    const connection = new Connection(stream, {
      limits: this.#limits,
      coalesce: framed,
      onDiscarded: (packet, from) => this.#onDiscarded(packet, from),
    });
    this.#connections.add(connection);
    this.#addresses.set(connection, address);
    connection.on('close', () => this.#connections.delete(connection));
    this.#aedes.handle(connection);
    return connection;
  }

  #tick(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.tick(now);
  }

  async #createAedes(): Promise<Aedes> {
    const aedes = await Aedes.createBroker({
      // 0: no bound on messages under way. The bound of Aedes holds everybody up for one frozen receiver.
      concurrency: 0,
      // A connection never asks Aedes to wait for a drain, see Connection.
      drainTimeout: 0,
      connectTimeout: this.#limits.connectTimeoutMs,
      // 0: any, and none. Aedes would refuse a longer one with a return code that MQTT 3.1.1 lacks; see docs/configuration.md.
      keepaliveLimit: 0,
      preConnect: (client, packet, done) => {
        if (!packet.clientId && !packet.clean) this.#nameless.add(client);
        // Sessions that outlive a connection would queue without bound; MQTT lets a broker have none [MQTT-3.2.2-3].
        (packet as { -readonly [K in keyof ConnectPacket]: ConnectPacket[K] }).clean = true;
        done(null, true);
      },
      authenticate: (client, user, password, done) => this.#authenticate(client, user, password, done),
      authorizePublish: (client, packet, done) => {
        // A client that is cut off would send a QoS 1 message again for ever: it is acknowledged instead [MQTT-3.3.5-2].
        if (client !== null && !this.#mayPublish(client, packet.topic)) this.#refuse(client, packet);
        done(null);
      },
      authorizeSubscribe: (client, subscription, done) => {
        done(null, this.#subscription(client, subscription));
      },
      authorizeForward: (client, packet) => this.#forwarding.authorizeForward(client, packet),
      published: (packet, client, done) => this.#forwarding.published(packet, client, () => done(null)),
    });
    const ended = (client: Client, error: Error) => {
      const address = client.conn instanceof Connection ? this.#addresses.get(client.conn) : undefined;
      this.#tellEnd(error, { ...(client.id ? { client: client.id } : {}), ...(address ? { address } : {}) });
    };
    aedes.on('clientError', ended).on('connectionError', ended);
    return aedes;
  }

  #authenticate(
    client: Client,
    user: string | undefined,
    password: Buffer | undefined,
    done: (error: AuthenticateError | null, success: boolean) => void,
  ): void {
    if (this.#nameless.has(client)) {
      // [MQTT-3.1.3-8]
      const error = new Refusal('identifier', 'no identifier, and no clean session');
      done(Object.assign(error, { returnCode: 2 }), false);
      return;
    }
    if (this.#passwords?.accepts(user, password) === false) {
      // 4: bad user name or password [MQTT-3.2.2.3]
      const error = new Refusal('credentials', `user ${user ?? '(none)'}`);
      done(Object.assign(error, { returnCode: 4 }), false);
      return;
    }
    if (user !== undefined) this.#users.set(client, user);
    if (client.conn instanceof Connection) client.conn.authenticate(client.id);
    done(null, true);
  }

  #mayPublish(client: Client, topic: string): boolean {
    if (topic.startsWith('$')) return false;
    return this.#options.access?.mayPublish?.(this.#users.get(client), client.id, topic) ?? true;
  }

  /** Publishes it where nobody is shown it, so that the client is answered as its QoS demands. */
  #refuse(client: Client, packet: PublishPacket): void {
    if (packet.topic !== REFUSED_TOPIC) this.#refusals.noteOnce('publish', client.id, packet.topic);
    Object.assign(packet, { topic: REFUSED_TOPIC, payload: Buffer.alloc(0), retain: false });
  }

  #onDiscarded({ topic, bytes }: DiscardedPublish, { clientId }: Connection): void {
    const limit = this.#limits.maxPacketBytes;
    this.#refusals.note('large', { client: clientId, topic, bytes, limit }, 'warn');
    const answer = oversizedAnswer(topic, bytes, limit);
    if (answer)
      this.#aedes?.publish({ cmd: 'publish', qos: 1, retain: false, dup: false, ...answer }, () => {});
  }

  #tellEnd(error: Error, facts: object): void {
    const cause = causeOf(error);
    if (cause) this.#refusals.note(cause, { ...facts, detail: reasonOf(error) });
    else this.#logger.debug(facts, `A client's connection failed: ${reasonOf(error)}`);
  }

  #subscription(client: Client, subscription: Subscription): Subscription | null {
    if (this.#maySubscribe(client, subscription.topic)) return subscription;
    this.#refusals.noteOnce('subscribe', client.id, subscription.topic);
    return null;
  }

  /** Aedes would accept a shared subscription and deliver nothing. */
  #maySubscribe(client: Client, filter: string): boolean {
    if (filter.startsWith('$share/')) return false;
    return this.#options.access?.maySubscribe?.(this.#users.get(client), client.id, filter) ?? true;
  }
}
