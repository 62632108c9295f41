import { Emitter } from '../../src/base/emitter.ts';
import type { Catalogue, OfferedModel, OfferedVersion } from '../../src/master/catalogue.ts';

/** A catalogue that tests fill. */
export class ListedCatalogue implements Catalogue {
  models: readonly OfferedModel[] = [];
  readonly #events = new Emitter<{ changed: undefined }>();

  /** Versions of one model, the newest first. */
  constructor(name: string, ...versions: readonly OfferedVersion[]) {
    if (versions.length > 0) this.models = [{ name, versions }];
  }

  onChanged(listener: () => void): () => void {
    return this.#events.on('changed', listener);
  }

  offer(name: string, ...versions: readonly OfferedVersion[]): void {
    const others = this.models.filter((model) => model.name !== name);
    this.models = versions.length > 0 ? [...others, { name, versions }] : others;
    this.#events.emit('changed', undefined);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}
