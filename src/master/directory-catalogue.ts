import { Emitter } from '../base/emitter.ts';
import { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Engine } from '../engine/engine.ts';
import type { PlanOptions } from '../planner/strategies.ts';
import { loadVersion } from '../repository/load.ts';
import { type Scan, type StoredVersion, scanRepository } from '../repository/scan.ts';
import { newestFirst, UNVERSIONED } from '../repository/versions.ts';
import type { Catalogue, OfferedModel, OfferedVersion } from './catalogue.ts';

export interface DirectoryCatalogueOptions {
  readonly directory: string;
  /** Learns the shapes that operators unknown to us give. */
  readonly engine: Engine;
  readonly logger: Logger;
  /** How the models are planned. */
  readonly plan: PlanOptions;
  /** The directory is looked through so often. Default 2000 ms. */
  readonly pollMs?: number;
}

/**
 * The models of a directory. It is polled, which works on every file system. What changed is believed when two looks in
 * a row agree: files that are still being copied are left alone until they are whole.
 */
export class DirectoryCatalogue implements Catalogue {
  readonly #options: DirectoryCatalogueOptions;
  readonly #events = new Emitter<{ changed: undefined }>();
  /** By `model/version`. */
  readonly #offers = new Map<string, StoredVersion>();
  #last: ReadonlyMap<string, StoredVersion> = new Map();
  /** Told already. */
  #told = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: DirectoryCatalogueOptions) {
    this.#options = options;
  }

  get models(): readonly OfferedModel[] {
    const models = new Map<string, StoredVersion[]>();
    for (const stored of this.#offers.values()) {
      models.set(stored.model, [...(models.get(stored.model) ?? []), stored]);
    }
    return [...models]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, versions]) => ({
        name,
        versions: versions
          .sort((a, b) => newestFirst(a.version, b.version))
          .map((stored) => this.#offerOf(stored)),
      }));
  }

  onChanged(listener: () => void): () => void {
    return this.#events.on('changed', listener);
  }

  /** Throws ISO_ERR_REPOSITORY_UNREADABLE; later on, a directory that is away for a while changes nothing. */
  async start(): Promise<void> {
    const { directory, pollMs = 2000 } = this.#options;
    const scan = await scanRepository(directory);
    this.#tell(scan.problems);
    // There is nothing to compare with: what is not whole yet fails to load, and is tried again when it changes.
    this.#last = byKey(scan);
    this.#accept(this.#last);
    this.#timer = setInterval(() => {
      void this.look();
    }, pollMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#work;
  }

  /** Looks through the directory now, as the timer does from time to time. */
  look(): Promise<void> {
    this.#work = this.#work.then(() => this.#look());
    return this.#work;
  }

  async #look(): Promise<void> {
    if (!this.#timer) return;
    try {
      const scan = await scanRepository(this.#options.directory);
      this.#tell(scan.problems);
      const changed = this.#accept(byKey(scan));
      if (changed && this.#timer) this.#events.emit('changed', undefined);
    } catch (error) {
      this.#tell([IsobathError.from(error)]);
    }
  }

  /** Believes what this look and the last one agree on; true where that is news. */
  #accept(now: ReadonlyMap<string, StoredVersion>): boolean {
    const last = this.#last;
    this.#last = now;
    let changed = false;
    for (const key of new Set([...now.keys(), ...this.#offers.keys()])) {
      const seen = now.get(key);
      const settled = seen?.fingerprint === last.get(key)?.fingerprint;
      if (!settled || seen?.fingerprint === this.#offers.get(key)?.fingerprint) continue;
      if (seen) this.#offers.set(key, seen);
      else this.#offers.delete(key);
      changed = true;
    }
    return changed;
  }

  /** Each problem once, until it is gone. */
  #tell(problems: readonly IsobathError[]): void {
    for (const { code, message, cure } of problems) {
      if (!this.#told.has(message)) this.#options.logger.warn({ code }, `${message} ${cure}`);
    }
    this.#told = new Set(problems.map(({ message }) => message));
  }

  #offerOf({ model: name, version, folder, fingerprint }: StoredVersion): OfferedVersion {
    const { engine, plan } = this.#options;
    const load = async () => {
      const { graph, manifest, golden } = await loadVersion(folder, engine);
      const stated = version === UNVERSIONED ? manifest?.version : version;
      return {
        ...plan,
        ...{ name, graph, golden },
        ...(stated === undefined ? {} : { version: stated }),
        ...(manifest ? { manifest } : {}),
      };
    };
    return { version, fingerprint, load };
  }
}

function byKey({ models }: Scan): Map<string, StoredVersion> {
  const versions = [...models.values()].flat();
  return new Map(versions.map((stored) => [`${stored.model}/${stored.version}`, stored]));
}
