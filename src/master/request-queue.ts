import { IsobathError } from '../base/errors.ts';

export interface RequestQueueOptions {
  /** Requests that run at a time. Default 2. */
  readonly concurrency?: number;
  /** Requests that may wait. Default 64. */
  readonly queue?: number;
}

/** Lets a bounded number of requests run and wait; one more is refused at once. */
export class RequestQueue {
  readonly #concurrency: number;
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: RequestQueueOptions = {}) {
    this.#concurrency = options.concurrency ?? 2;
    this.#limit = options.queue ?? 64;
  }

  /** Throws ISO_ERR_MASTER_BUSY. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) {
      if (this.#waiting.length >= this.#limit) {
        throw IsobathError.of('ISO_ERR_MASTER_BUSY', { queued: this.#waiting.length });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
