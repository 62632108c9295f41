import { readFile, rename, writeFile } from 'node:fs/promises';
import { reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { SharedLimits } from '../estimator/link-fit.ts';
import type { MeasuredLink } from '../estimator/measured.ts';
import { LINK_BOOK, type LinkBook } from '../wire/messages/fleet.ts';

/** What was measured of the links, by agent. It outlives the master and the agents' restarts. */
export class LinkStore {
  readonly #file: string;
  readonly #logger: Logger;
  readonly #links = new Map<string, MeasuredLink>();
  /** Of the master's own way to an external broker. */
  masterLink: MeasuredLink | undefined;
  limits: SharedLimits = {};

  constructor(file: string, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
  }

  get(agent: string): MeasuredLink | undefined {
    return this.#links.get(agent);
  }

  set(agent: string, link: MeasuredLink): void {
    this.#links.set(agent, link);
  }

  async load(): Promise<void> {
    try {
      const book = LINK_BOOK.check(JSON.parse(await readFile(this.#file, 'utf8')), '');
      for (const { agent, link } of book.links) this.#links.set(agent, link);
      this.masterLink = book.masterLink;
      this.limits = book.limits;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.#logger.warn({ file: this.#file, reason: reasonOf(error) }, 'Stored link figures are not used.');
    }
  }

  async save(): Promise<void> {
    const links = [...this.#links].map(([agent, link]) => ({ agent, link }));
    const { masterLink, limits } = this;
    const book: LinkBook = { links, limits, ...(masterLink ? { masterLink } : {}) };
    try {
      await writeFile(`${this.#file}.part`, JSON.stringify(book));
      await rename(`${this.#file}.part`, this.#file);
    } catch (error) {
      this.#logger.warn({ file: this.#file, reason: reasonOf(error) }, 'Link figures cannot be kept.');
    }
  }
}
