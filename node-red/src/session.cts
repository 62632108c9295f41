import { type Core, type IsobathClient, loadCore, type MasterView, type MqttBusOptions } from './core.cjs';

export interface SessionOptions {
  readonly cluster: string;
  readonly broker: Omit<MqttBusOptions, 'clientId' | 'will' | 'logger'>;
  readonly onConnected?: (url: string) => void;
  readonly onLost?: (url: string) => void;
  /** Told of each new reason, not of each attempt. */
  readonly onRefused?: (text: string) => void;
}

export type Link = 'connecting' | 'online' | 'lost';

const PAUSE_MS = { first: 500, longest: 15_000 };

/** One connection to a cluster that all nodes of a configuration share. It comes back for ever. */
export class Session {
  readonly #options: SessionOptions;
  readonly #listeners = new Set<() => void>();
  readonly #undo: (() => void)[] = [];
  #core: Core | undefined;
  #client: IsobathClient | undefined;
  #link: Link = 'connecting';
  #stopped = false;
  #work: Promise<void> | undefined;
  #endPause: (() => void) | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get link(): Link {
    return this.#link;
  }

  get view(): MasterView {
    return this.#client?.view ?? { master: 'unknown', models: [] };
  }

  start(): void {
    this.#work = this.#connect().catch((error: unknown) => this.#options.onRefused?.(String(error)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endPause?.();
    for (const step of this.#undo.splice(0)) step();
    await this.#client?.stop();
    await this.#work;
    // the attempt that was under way may have succeeded meanwhile
    await this.#client?.stop();
    this.#listeners.clear();
  }

  /** Tells of each change of `link` and `view`. Returns a function that ends it. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Throws ISO_ERR_BUS_OFFLINE while there is no connection: what waits for it would be answered too late. */
  async client(): Promise<IsobathClient> {
    this.#core ??= await loadCore();
    if (this.#client && this.#link === 'online') return this.#client;
    const url = this.#core.withoutPassword(this.#options.broker.url);
    throw this.#core.IsobathError.of('ISO_ERR_BUS_OFFLINE', { url });
  }

  async #connect(): Promise<void> {
    this.#core = await loadCore();
    const { IsobathClient, MqttBus, withoutPassword, backoff } = this.#core;
    const { broker, cluster, onRefused, onConnected } = this.#options;
    const url = withoutPassword(broker.url);
    let told = '';
    for (let attempt = 0; !this.#stopped; attempt += 1) {
      const bus = new MqttBus(broker);
      const client = new IsobathClient({ bus, cluster, url });
      this.#client = client;
      try {
        await client.start();
      } catch (error) {
        await client.stop();
        const text = (error as Error).message;
        if (text !== told && !this.#stopped) onRefused?.(text);
        told = text;
        await this.#pause(backoff(attempt, PAUSE_MS.first, PAUSE_MS.longest));
        continue;
      }
      if (this.#stopped) return;
      this.#undo.push(
        bus.onState((state) => this.#become(state === 'online' ? 'online' : 'lost', url)),
        client.onChanged(() => this.#tell()),
      );
      onConnected?.(url);
      this.#link = bus.state === 'online' ? 'online' : 'lost';
      this.#tell();
      return;
    }
  }

  #become(link: Link, url: string): void {
    this.#link = link;
    if (link === 'lost') this.#options.onLost?.(url);
    else this.#options.onConnected?.(url);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
