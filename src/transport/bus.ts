import type { Service } from '../base/service.ts';

export type QoS = 0 | 1;
export type BusState = 'online' | 'offline';

export interface PublishOptions {
  /** 0 (default): at most once. 1: at least once. */
  readonly qos?: QoS;
  /** The broker keeps the message for later subscribers; an empty payload makes it forget. */
  readonly retain?: boolean;
}

export interface MessageInfo {
  /** True for a message that the broker had kept from before the subscription. */
  readonly retain: boolean;
}

/** `payload` is the handler's to keep; several handlers may hold the same one, so it is never to be changed. */
export type MessageHandler = (topic: string, payload: Uint8Array, info: MessageInfo) => void;

/** What the broker publishes when the connection is lost without a goodbye. */
export interface Will extends PublishOptions {
  readonly topic: string;
  readonly payload: string | Uint8Array;
}

/** What every bus can be given. */
export interface BusOptions {
  /** Default: a random one. */
  readonly clientId?: string;
  readonly will?: Will;
}

/**
 * A connection to a publish/subscribe broker with the guarantees of MQTT 3.1.1. All four implementations pass the cases of
 * `conformance.ts`.
 */
export interface Bus extends Service {
  readonly state: BusState;

  /**
   * The payload must not change after the call. With QoS 0 it resolves once the message left this process, or fits into
   * the send window: awaiting it is the flow control, and a publisher that does not await is made to wait later. With
   * QoS 1 it resolves when the broker has acknowledged. Messages of one topic and QoS keep their order.
   *
   * Rejects with ISO_ERR_BUS_CLOSED after `stop`, and with ISO_ERR_BUS_OFFLINE for QoS 0 while the connection is lost
   * (QoS 1 waits for the broker to come back), and with ISO_ERR_TOPIC_INVALID for a topic with wildcards.
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void>;

  /**
   * Resolves when the broker has confirmed, with a function that ends the subscription. Each handler is called once per
   * message, however many filters overlap (on brokers that send one copy per client: Aedes, Mosquitto). A retained
   * message may come again after a reconnect, or when a later subscription overlaps. A handler that throws is logged and
   * harms nobody.
   * Rejects with ISO_ERR_SUBSCRIBE_REFUSED, ISO_ERR_BUS_CLOSED or ISO_ERR_TOPIC_INVALID.
   */
  subscribe(
    filter: string,
    handler: MessageHandler,
    options?: { readonly qos?: QoS },
  ): Promise<() => Promise<void>>;

  /** After a loss, `online` is told when the subscriptions are in place again. Returns a function that ends it. */
  onState(listener: (state: BusState) => void): () => void;
}
