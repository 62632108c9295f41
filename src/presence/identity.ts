import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Life } from '../wire/messages/status.ts';

/**
 * Who a party is from its start to its end: a random `run`, which no other life has, and an `epoch`, which counts its starts in
 * `file`. No clock is asked: many gateways boot in 1970.
 */
export class Identity {
  readonly run = randomBytes(8).toString('hex');
  readonly #file: string;
  #epoch: number;

  private constructor(file: string, epoch: number) {
    this.#file = file;
    this.#epoch = epoch;
  }

  /** A file that is missing, damaged or not writable costs no more than the count. */
  static async next(file: string): Promise<Identity> {
    const stored = Number(await readFile(file, 'utf8').catch(() => '0'));
    const isSound = Number.isSafeInteger(stored) && stored >= 0 && stored < Number.MAX_SAFE_INTEGER;
    const identity = new Identity(file, isSound ? stored + 1 : 1);
    await identity.#store();
    return identity;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** How this machine is called in the errors of others. */
  get machine(): string {
    return hostname().slice(0, 64);
  }

  /**
   * After a lost state folder the count begins anew, and readers that know no `run` believe the greatest epoch: it is raised
   * above that of an earlier life.
   */
  async outrank({ epoch, run }: Life): Promise<void> {
    if (run === this.run || epoch < this.#epoch || epoch >= Number.MAX_SAFE_INTEGER) return;
    this.#epoch = epoch + 1;
    await this.#store();
  }

  async #store(): Promise<void> {
    await writeFile(this.#file, String(this.#epoch)).catch(() => undefined);
  }
}
