import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import { PartyLife } from '../presence/life.ts';
import type { Bus, BusState, MessageHandler, MessageInfo } from '../transport/bus.ts';
import { decodeJson, MAX_MESSAGE_BYTES } from '../wire/codec.ts';
import { type ListedModel, MODEL_LIST } from '../wire/messages/models.ts';
import {
  MASTER_STATUS,
  type MasterStatus,
  MODEL_INFO,
  type ModelInfo,
  type Presence,
} from '../wire/messages/status.ts';
import type { Topics } from '../wire/topics.ts';

export interface MasterWatchOptions {
  readonly bus: Bus;
  readonly topics: Topics;
  readonly url: string;
  readonly discoverMs: number;
}

export interface MasterView {
  /** `unknown` until its status has come. */
  readonly master: Presence | 'unknown';
  /** Of the master's program. */
  readonly version?: string;
  readonly models: readonly ListedModel[];
}

type WatchEvents = { changed: undefined; offline: undefined };

/** What the retained messages of a cluster tell of its master. */
export class MasterWatch {
  readonly #options: MasterWatchOptions;
  readonly #events = new Emitter<WatchEvents>();
  readonly #infos = new Map<string, ModelInfo>();
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  readonly #life = new PartyLife<MasterStatus>();
  #listed: readonly ListedModel[] = [];
  #unlisten: (() => void) | undefined;
  /** From when on a missing status means that there is no master. */
  #discoveredMs = Number.POSITIVE_INFINITY;

  constructor(options: MasterWatchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { bus, topics, discoverMs } = this.#options;
    this.#discoveredMs = performance.now() + discoverMs;
    this.#unlisten = bus.onState((state) => this.#onConnection(state));
    const listen = async (filter: string, take: MessageHandler) => {
      this.#unsubscribe.push(await bus.subscribe(filter, take, { qos: 1 }));
    };
    await listen(topics.everyModelInfo(), (topic, payload) => this.#onInfo(topic, payload));
    await listen(topics.modelList(), (topic, payload) => this.#onList(topic, payload));
    await listen(topics.masterStatus(), (topic, payload, info) => this.#onStatus(topic, payload, info));
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#unsubscribe.splice(0).map((unsubscribe) => unsubscribe()));
    this.#unlisten?.();
    this.#life.clear();
    this.#infos.clear();
    this.#listed = [];
  }

  get view(): MasterView {
    const { state = 'unknown', version } = this.#life.status ?? {};
    return { master: state, ...(version === undefined ? {} : { version }), models: this.#listed };
  }

  onChanged(listener: () => void): () => void {
    return this.#events.on('changed', listener);
  }

  /** Throws ISO_ERR_MASTER_UNREACHABLE; at once where the master has said goodbye. */
  async online(): Promise<MasterStatus> {
    await this.#until(() => this.#life.status !== undefined);
    const { status } = this.#life;
    if (status?.state === 'online') return status;
    const { topics, url } = this.#options;
    throw IsobathError.of('ISO_ERR_MASTER_UNREACHABLE', { cluster: topics.cluster, url });
  }

  /** Of the models that the master names now: those of earlier masters may still be retained. */
  async models(): Promise<ModelInfo[]> {
    const { models } = await this.online();
    await this.#until(() => models.every((model) => this.#infos.has(model)));
    return models.flatMap((model) => this.#infos.get(model) ?? []);
  }

  onOffline(listener: () => void): () => void {
    return this.#events.on('offline', listener);
  }

  /** Waits for retained messages, as long as they may take to come. */
  async #until(known: () => boolean): Promise<void> {
    const leftMs = this.#discoveredMs - performance.now();
    if (known() || leftMs <= 0) return;
    await new Promise<void>((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        unlisten();
        resolve();
      };
      const timer = setTimeout(settle, leftMs);
      const unlisten = this.#events.on('changed', () => {
        if (known()) settle();
      });
    });
  }

  #onStatus(topic: string, payload: Uint8Array, info: MessageInfo): void {
    if (payload.length === 0) return;
    const before = this.#life.status;
    const change = this.#life.take(decodeJson(MASTER_STATUS, topic, payload), info);
    if (this.#life.status === before) return;
    this.#events.emit('changed', undefined);
    if (change === 'offline') this.#events.emit('offline', undefined);
  }

  /** What was known of the master is asked of the broker anew: it may have ended unseen. */
  #onConnection(state: BusState): void {
    if (state === 'offline') this.#life.clear();
    this.#discoveredMs = performance.now() + this.#options.discoverMs;
    this.#events.emit('changed', undefined);
  }

  #onList(topic: string, payload: Uint8Array): void {
    this.#listed =
      payload.length === 0 ? [] : decodeJson(MODEL_LIST, topic, payload, MAX_MESSAGE_BYTES).models;
    this.#events.emit('changed', undefined);
  }

  #onInfo(topic: string, payload: Uint8Array): void {
    if (payload.length === 0) return;
    const info = decodeJson(MODEL_INFO, topic, payload);
    this.#infos.set(info.model, info);
    this.#events.emit('changed', undefined);
  }
}
