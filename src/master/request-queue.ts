import { IsobathError } from '../base/errors.ts';

export interface RequestQueueOptions {
  /** Requests that run at a time. Default 2. */
  readonly concurrency?: number;
  /** Requests that may wait. Default 64. */
  readonly queue?: number;
}

interface Waiting {
  readonly begin: () => void;
  readonly giveUp: () => void;
}

/** Lets a bounded number of requests run and wait; one more is refused at once. */
export class RequestQueue {
  readonly #concurrency: number;
  readonly #limit: number;
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #closed = false;

  constructor(options: RequestQueueOptions = {}) {
    this.#concurrency = options.concurrency ?? 2;
    this.#limit = options.queue ?? 64;
  }

  /** Throws ISO_ERR_MASTER_BUSY, ISO_ERR_MASTER_STOPPED. */
  async run<T>(request: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw stopped(request);
    if (this.#running >= this.#concurrency) {
      if (this.#waiting.length >= this.#limit) {
        throw IsobathError.of('ISO_ERR_MASTER_BUSY', { queued: this.#waiting.length });
      }
      await new Promise<void>((begin, reject) => {
        this.#waiting.push({ begin, giveUp: () => reject(stopped(request)) });
      });
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.begin();
      else this.#running -= 1;
    }
  }

  /** What runs may end; what waits, or comes after this, is refused. */
  close(): void {
    this.#closed = true;
    for (const { giveUp } of this.#waiting.splice(0)) giveUp();
  }
}

function stopped(request: string): IsobathError {
  return IsobathError.of('ISO_ERR_MASTER_STOPPED', { request });
}
