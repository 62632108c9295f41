import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { Bus } from '../transport/bus.ts';
import { encodeJson } from '../wire/codec.ts';
import type { Topics } from '../wire/topics.ts';
import { fleetDevice, modelDevice, ORIGIN, objectId } from './home-assistant-devices.ts';
import type { ServedModel } from './served-model.ts';

export interface HomeAssistantSettings {
  /** `remove` takes back what earlier starts announced, and announces nothing. */
  readonly discovery: 'on' | 'remove';
  /** Of the discovery topics, as Home Assistant is configured. Default `homeassistant`. */
  readonly prefix?: string;
  /** Where Home Assistant says `online` when it has started. Default `homeassistant/status`. */
  readonly birthTopic?: string;
}

export interface HomeAssistantOptions extends HomeAssistantSettings {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly logger: Logger;
  /** What is served, or will be: a model that is not loaded yet has no device to announce, but may keep its old one. */
  readonly models: () => readonly { readonly name: string; readonly model?: ServedModel }[];
}

const RETAINED = { qos: 1, retain: true } as const;

/** Announces the fleet and each model as devices to Home Assistant, and takes back those that are there no more. */
export class HomeAssistant implements Service {
  readonly #options: HomeAssistantOptions;
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  readonly #prefix: string;
  /** Topics of devices that were published. */
  readonly #announced = new Set<string>();
  #stopped = false;

  constructor(options: HomeAssistantOptions) {
    this.#options = options;
    this.#prefix = options.prefix ?? 'homeassistant';
  }

  async start(): Promise<void> {
    const { bus, birthTopic = 'homeassistant/status' } = this.#options;
    this.#stopped = false;
    const listen = async (filter: string, handler: (topic: string, payload: Uint8Array) => void) => {
      this.#unsubscribe.push(await bus.subscribe(filter, handler, { qos: 1 }));
    };
    await listen(`${this.#prefix}/device/+/config`, (topic, payload) => this.#onConfig(topic, payload));
    await listen(birthTopic, (_, payload) => {
      if (Buffer.from(payload).toString() === 'online') this.#try(this.announce());
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#unsubscribe.splice(0).map((unsubscribe) => unsubscribe()));
  }

  /** Publishes the device of the fleet and of each model; with `newOnly`, of those that were not published yet. */
  async announce({ newOnly = false } = {}): Promise<void> {
    const due = [...this.#devices()].filter(
      ([topic, device]) => device && !(newOnly && this.#announced.has(topic)),
    );
    // before the first await: who comes meanwhile sees what is under way
    for (const [topic] of due) this.#announced.add(topic);
    for (const [topic, device] of due) await this.#options.bus.publish(topic, encodeJson(device!), RETAINED);
  }

  /** Takes back what is retained of models that are served no more. */
  async forget(model: string): Promise<void> {
    const topic = this.#topicOf(objectId(this.#options.topics.cluster, model));
    this.#announced.delete(topic);
    await this.#options.bus.publish(topic, '', RETAINED);
  }

  /** By topic; undefined of a model that is not loaded yet. */
  #devices(): Map<string, object | undefined> {
    const { topics, models, discovery } = this.#options;
    if (discovery === 'remove') return new Map();
    const { cluster } = topics;
    const ofModel = ({ name, model }: { readonly name: string; readonly model?: ServedModel }) =>
      [this.#topicOf(objectId(cluster, name)), model && modelDevice(topics, model)] as const;
    return new Map<string, object | undefined>([
      [this.#topicOf(objectId(cluster)), fleetDevice(topics)],
      ...models().map(ofModel),
    ]);
  }

  /** An earlier start of this cluster's master announced it, and nothing stands behind it now. */
  #onConfig(topic: string, payload: Uint8Array): void {
    if (this.#stopped || payload.length === 0 || this.#devices().has(topic)) return;
    if (!this.#isOurs(payload)) return;
    this.#options.logger.info({ topic }, 'A device that is there no more is taken back from Home Assistant.');
    this.#try(this.#options.bus.publish(topic, '', RETAINED));
  }

  #isOurs(payload: Uint8Array): boolean {
    try {
      const { origin, availability_topic } = JSON.parse(Buffer.from(payload).toString());
      return origin?.name === ORIGIN && availability_topic === this.#options.topics.masterStatus();
    } catch {
      return false;
    }
  }

  #topicOf(id: string): string {
    return `${this.#prefix}/device/${id}/config`;
  }

  #try(work: Promise<void>): void {
    work.catch((error: unknown) => {
      const { code, message } = IsobathError.from(error);
      this.#options.logger.warn({ code }, `Home Assistant was not told: ${message}`);
    });
  }
}
