import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import type { Service } from '../base/service.ts';
import type { Catalogue } from './catalogue.ts';
import type { Fleet } from './fleet.ts';
import type { ModelEvents } from './model-service.ts';
import { VersionedModel, type VersionedModelOptions } from './versioned-model.ts';

export interface ModelShelfOptions extends Omit<VersionedModelOptions, 'name'> {
  /** A name that two of them hold is that of the first. */
  readonly catalogues: readonly Catalogue[];
  readonly fleet: Fleet;
}

type ShelfEvents = ModelEvents & {
  /** The state of a model. */
  changed: { readonly model: string };
  removed: { readonly model: string };
};

/** The models that are served, as the catalogues have them now. */
export class ModelShelf extends Emitter<ShelfEvents> implements Service {
  readonly #options: ModelShelfOptions;
  readonly #models = new Map<string, VersionedModel>();
  readonly #undo: (() => void)[] = [];
  readonly #leaving = new Set<Promise<void>>();
  readonly #hidden = new Set<string>();

  constructor(options: ModelShelfOptions) {
    super();
    this.#options = options;
  }

  get names(): string[] {
    return [...this.#models.keys()];
  }

  get models(): VersionedModel[] {
    return [...this.#models.values()];
  }

  find(model: string): VersionedModel | undefined {
    return this.#models.get(model);
  }

  /** Throws ISO_ERR_MODEL_NOT_SERVED. */
  get(model: string): VersionedModel {
    const found = this.#models.get(model);
    if (found) return found;
    const served = this.names.join(', ') || 'none';
    throw IsobathError.of('ISO_ERR_MODEL_NOT_SERVED', { model, served });
  }

  /** Throws what a catalogue throws that cannot start. */
  async start(): Promise<void> {
    const { catalogues, fleet, marks } = this.#options;
    await marks.open();
    for (const catalogue of catalogues) {
      await catalogue.start();
      this.#undo.push(catalogue.onChanged(() => this.#update()));
    }
    this.#undo.push(
      fleet.on('joined', () => {
        for (const model of this.#models.values()) model.fleetGrew();
      }),
    );
    this.#update();
  }

  async stop(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo();
    await Promise.allSettled(this.#options.catalogues.map((catalogue) => catalogue.stop()));
    await Promise.allSettled([...this.models.map((model) => model.stop()), ...this.#leaving]);
    this.#models.clear();
  }

  #update(): void {
    const { catalogues, logger } = this.#options;
    const offered = new Set<string>();
    for (const { name, versions } of catalogues.flatMap(({ models }) => models)) {
      if (offered.has(name)) {
        if (!this.#hidden.has(name))
          logger.warn({ model: name }, 'Two sources hold a model of this name: the first one is served.');
        this.#hidden.add(name);
        continue;
      }
      offered.add(name);
      this.#model(name).offer(versions);
    }
    for (const name of this.names) if (!offered.has(name)) this.#remove(name);
  }

  #model(name: string): VersionedModel {
    const known = this.#models.get(name);
    if (known) return known;
    const model = new VersionedModel({ ...this.#options, name });
    model.on('deployed', (event) => this.emit('deployed', event));
    model.on('failed', (event) => this.emit('failed', event));
    model.on('changed', (event) => this.emit('changed', event));
    this.#models.set(name, model);
    return model;
  }

  /** Nobody can ask it from now on; who asked before is answered. */
  #remove(name: string): void {
    const model = this.#models.get(name);
    this.#models.delete(name);
    if (!model) return;
    this.#options.logger.info(
      { model: name },
      'The model is gone from its catalogue and is not served any more.',
    );
    const leaving = model.stop().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
    this.emit('removed', { model: name });
  }
}
