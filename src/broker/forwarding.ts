import type { AedesPublishPacket, Client } from 'aedes';
import type { Logger } from '../base/logger.ts';
import { Connection } from './connection.ts';
import { REFUSED_TOPIC } from './discarded-publish.ts';
import type { BrokerLimits } from './limits.ts';
import { Refusal } from './refusal.ts';

/**
 * Flow control from the receivers of a message back to its publisher.
 *
 *     publisher --> authorizeForward, once per receiver: drop it?   note the slow ones
 *               --> written to all receivers
 *               --> published: hold the publisher back until the slow ones have caught up
 *
 * Then nothing more is read from the publisher's socket, and an `InProcessBus` does not resolve. Only receivers that move are waited for, and none longer than `maxPublishWaitMs`.
 */
export class Forwarding {
  readonly #limits: BrokerLimits;
  readonly #logger: Logger;
  /**
   * Receivers that were behind when a message was written to them, by its payload: Aedes shows a copy of the packet here and
   * the original there, and the payload is what they share.
   */
  readonly #slow = new WeakMap<object, Set<Connection>>();
  #dropped = 0;

  constructor(limits: BrokerLimits, logger: Logger) {
    this.#limits = limits;
    this.#logger = logger;
  }

  /** Messages that were not forwarded since their receiver was too far behind. */
  get dropped(): number {
    return this.#dropped;
  }

  authorizeForward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    if (packet.topic === REFUSED_TOPIC) return null;
    const connection = client.conn;
    if (!(connection instanceof Connection)) return packet;
    const backlog = connection.backlog + packet.payload.length;
    if (backlog > this.#limits.maxBacklogBytes) {
      this.#drop(client, connection, packet);
      return null;
    }
    if (backlog > this.#limits.lowWaterBytes) this.#note(packet.payload, connection);
    return packet;
  }

  /** Calls back when the receivers of the message have caught up. `publisher` is null for a bus of this process. */
  published(packet: AedesPublishPacket, publisher: Client | null, done: () => void): void {
    const receivers = typeof packet.payload === 'object' ? this.#slow.get(packet.payload) : undefined;
    const busy = [...(receivers ?? [])].filter((connection) => connection.busy);
    if (busy.length === 0) {
      done();
      return;
    }
    const source = publisher?.conn instanceof Connection ? publisher.conn : undefined;
    source?.hold();
    let left = busy.length;
    const end = () => {
      source?.letGo();
      clearTimeout(timer);
      for (const takeBack of takeBacks) takeBack();
      done();
    };
    const timer = setTimeout(end, this.#limits.maxPublishWaitMs).unref();
    const takeBacks = busy.map((connection) =>
      connection.onceReady(() => {
        left -= 1;
        if (left === 0) end();
      }),
    );
  }

  #note(payload: string | Buffer, connection: Connection): void {
    if (typeof payload !== 'object') return;
    const receivers = this.#slow.get(payload);
    if (receivers === undefined) this.#slow.set(payload, new Set([connection]));
    else receivers.add(connection);
  }

  /** QoS 0 may be lost. QoS 1 may not, so the connection ends instead: the client then knows that it missed something. */
  #drop(client: Client, connection: Connection, packet: AedesPublishPacket): void {
    if (this.#dropped === 0 || packet.qos > 0) {
      this.#logger.warn(
        { client: client.id, topic: packet.topic },
        'A client is too far behind: messages are dropped',
      );
    }
    this.#dropped += 1;
    if (packet.qos > 0) connection.destroy(new Refusal('behind', 'too far behind for QoS 1'));
  }
}
