import type { Service } from '../base/service.ts';
import { type Echo, Echoes } from '../calibration/echoes.ts';
import type { Bus } from '../transport/bus.ts';
import { decodeFrame, encodeFrame } from '../wire/codec.ts';
import { VERSION } from '../wire/messages/common.ts';
import { PROBE_REPLY, type Probe } from '../wire/messages/probe.ts';
import type { Topics } from '../wire/topics.ts';

export interface LinkProbeOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  /** A message without an answer after so long is lost. Default 2000 ms. */
  readonly timeoutMs?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** Sends messages to agents and takes the time until their answers come. */
export class LinkProbe implements Service {
  readonly #options: LinkProbeOptions;
  readonly #echoes: Echoes;
  #unsubscribe: (() => Promise<void>) | undefined;

  constructor(options: LinkProbeOptions) {
    this.#options = options;
    this.#echoes = new Echoes(options.now);
  }

  async start(): Promise<void> {
    const { bus, topics } = this.#options;
    this.#unsubscribe = await bus.subscribe(topics.everyProbeReply(), (topic, payload) => {
      // first of all: what decoding takes is not the link's
      const arrived = this.#echoes.now();
      const { header } = decodeFrame(PROBE_REPLY, topic, payload);
      this.#echoes.arrived(header.id, arrived, header.heldMs);
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#echoes.close();
  }

  /** `there` bytes to the agent and `back` bytes from it; undefined where either was lost. */
  async roundTrip(agent: string, there: number, back: number): Promise<Echo | undefined> {
    const { bus, topics, timeoutMs = 2000 } = this.#options;
    return this.#echoes.of(timeoutMs, (id) => {
      const header = { v: VERSION, id, reply: back } as const;
      const frame = encodeFrame<Probe>(header, there, (target) => target.fill(1));
      return () => bus.publish(topics.probe(agent), frame);
    });
  }
}
