import { IsobathError, reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/** Lines about refused messages in one period. */
const MOST = 20;
const PERIOD_MS = 60_000;

/** What a bus logs of handlers that threw. Anybody may publish anything: a refused message is one line, and not each one. */
export class Complaints {
  readonly #logger: Logger;
  #since = 0;
  #refused = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  of(topic: string, error: unknown): void {
    if (!(error instanceof IsobathError)) {
      this.#logger.error({ topic, err: error }, `A message handler failed: ${reasonOf(error)}`);
      return;
    }
    const now = performance.now();
    if (now - this.#since > PERIOD_MS) {
      const untold = this.#refused - MOST;
      if (untold > 0) this.#logger.warn({ untold }, 'More messages were refused.');
      this.#since = now;
      this.#refused = 0;
    }
    this.#refused += 1;
    if (this.#refused <= MOST) this.#logger.warn({ topic, code: error.code }, error.message);
  }
}
