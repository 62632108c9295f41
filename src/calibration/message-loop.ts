import type { Service } from '../base/service.ts';
import type { Bus } from '../transport/bus.ts';
import { decodeFrame, encodeFrame } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { PROBE, type Probe } from '../wire/messages/probe.ts';
import { Echoes } from './echoes.ts';

const TIMEOUT_MS = 2000;
const BURST = 32;
const BURSTS = 5;

/** Sends messages over the broker to their own sender. */
export class MessageLoop implements Service {
  readonly #bus: Bus;
  readonly #topic: string;
  readonly #echoes: Echoes;
  #unsubscribe: (() => Promise<void>) | undefined;

  /** `topic` is nobody else's. */
  constructor(bus: Bus, topic: string, now?: () => number) {
    this.#bus = bus;
    this.#topic = topic;
    this.#echoes = new Echoes(now);
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#bus.subscribe(this.#topic, (topic, payload) => {
      const arrived = this.#echoes.now();
      this.#echoes.arrived(decodeFrame(PROBE, topic, payload).header.id, arrived);
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#echoes.close();
  }

  /** Seconds to the broker and back; undefined where the message was lost. */
  async seconds(bytes: number): Promise<number | undefined> {
    const echo = await this.#echoes.of(TIMEOUT_MS, (id) => {
      const frame = encodeFrame<Probe>({ v: VERSION, id, reply: 0 }, bytes, (target) => target.fill(1));
      return () => this.#bus.publish(this.#topic, frame);
    });
    return echo?.seconds;
  }

  /**
   * Seconds that the event loop needs to hand over one message, or to take one: many small ones at once, so that the
   * way there and back counts for little. One number for each burst that came back whole.
   */
  async perMessage(): Promise<number[]> {
    const bursts: number[] = [];
    for (let at = 0; at <= BURSTS; at += 1) {
      const began = this.#echoes.now();
      const all = await Promise.all(Array.from({ length: BURST }, () => this.seconds(0)));
      if (all.includes(undefined)) return bursts;
      // the first one warms up
      if (at > 0) bursts.push((this.#echoes.now() - began) / 1000 / (2 * BURST));
    }
    return bursts;
  }
}
