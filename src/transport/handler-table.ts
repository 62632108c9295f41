import type { Logger } from '../base/logger.ts';
import type { MessageHandler, QoS } from './bus.ts';
import { Complaints } from './complaints.ts';
import { hasWildcard, topicMatches } from './topic-match.ts';

/** One call of `subscribe`. */
export interface Subscription {
  readonly filter: string;
  readonly qos: QoS;
  readonly handler: MessageHandler;
}

interface Entry extends Subscription {
  /** Topics whose retained message it has seen over this connection. */
  readonly retained: Set<string>;
}

/** The handlers of one bus, and who of them hears of a message. */
export class HandlerTable {
  readonly #complaints: Complaints;
  readonly #exact = new Map<string, Set<Entry>>();
  readonly #wild = new Map<string, Set<Entry>>();

  constructor(logger: Logger) {
    this.#complaints = new Complaints(logger);
  }

  add(subscription: Subscription): Subscription {
    const entry: Entry = { ...subscription, retained: new Set() };
    const table = this.#tableOf(entry.filter);
    const entries = table.get(entry.filter) ?? new Set();
    table.set(entry.filter, entries.add(entry));
    return entry;
  }

  /** True when this was the last handler of its filter. False, too, when it was gone already. */
  remove(subscription: Subscription): boolean {
    const table = this.#tableOf(subscription.filter);
    const entries = table.get(subscription.filter);
    if (!entries?.delete(subscription as Entry) || entries.size > 0) return false;
    return table.delete(subscription.filter);
  }

  clear(): void {
    this.#exact.clear();
    this.#wild.clear();
  }

  /** Each filter with the highest QoS that a handler of it asked for. */
  filters(): Map<string, QoS> {
    const result = new Map<string, QoS>();
    for (const [filter, entries] of [...this.#exact, ...this.#wild]) {
      result.set(filter, [...entries].some(({ qos }) => qos === 1) ? 1 : 0);
    }
    return result;
  }

  /** After a new connection the broker sends retained messages again, and handlers want to hear of what changed. */
  forgetRetained(): void {
    for (const entries of [...this.#exact.values(), ...this.#wild.values()]) {
      for (const { retained } of entries) retained.clear();
    }
  }

  /**
   * Calls every handler whose filter matches, once. A later subscription makes the broker send retained messages again
   * [MQTT-3.8.4-3]; handlers that saw them are spared.
   */
  dispatch(topic: string, payload: Uint8Array, retain: boolean): void {
    for (const entry of this.#matching(topic)) {
      if (retain && entry.retained.has(topic)) continue;
      if (retain) entry.retained.add(topic);
      this.call(entry, topic, payload, retain);
    }
  }

  call(subscription: Subscription, topic: string, payload: Uint8Array, retain: boolean): void {
    try {
      subscription.handler(topic, payload, { retain });
    } catch (error) {
      this.#complaints.of(topic, error);
    }
  }

  /** A copy, so that handlers may subscribe and unsubscribe. */
  #matching(topic: string): Entry[] {
    const found = [...(this.#exact.get(topic) ?? [])];
    for (const [filter, entries] of this.#wild) {
      if (topicMatches(filter, topic)) found.push(...entries);
    }
    return found;
  }

  #tableOf(filter: string): Map<string, Set<Entry>> {
    return hasWildcard(filter) ? this.#wild : this.#exact;
  }
}
