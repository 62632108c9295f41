export const POLICIES = ['queue', 'drop-oldest', 'drop-newest'] as const;
export type Policy = (typeof POLICIES)[number];

export interface LaneOptions {
  /** That run at a time. */
  readonly concurrency: number;
  /** That may wait. */
  readonly limit: number;
  /** What happens to one more: `queue` refuses it, the others drop it or the one that waits longest. */
  readonly policy: Policy;
  /** A job has begun, ended, or been dropped. */
  readonly onChanged: () => void;
}

export interface Job {
  readonly run: () => Promise<void>;
  readonly drop: () => void;
  readonly refuse: (waiting: number) => void;
}

/** Lets a bounded number of jobs run and wait. A camera does not wait: what is too much is dropped, as the policy says. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #waiting: Job[] = [];
  #running = 0;
  #dropped = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Since the last time that somebody asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  add(job: Job): void {
    const { concurrency, limit, policy } = this.#options;
    if (this.#running < concurrency) {
      void this.#run(job);
      return;
    }
    if (this.#waiting.length < limit) {
      this.#waiting.push(job);
      this.#options.onChanged();
      return;
    }
    if (policy === 'queue') job.refuse(this.#waiting.length);
    else if (policy === 'drop-newest' || limit === 0) this.#drop(job);
    else {
      this.#waiting.push(job);
      this.#drop(this.#waiting.shift()!);
    }
  }

  /** Drops all that wait. */
  clear(): void {
    for (const job of this.#waiting.splice(0)) job.drop();
  }

  #drop(job: Job): void {
    this.#dropped += 1;
    job.drop();
    this.#options.onChanged();
  }

  async #run(job: Job): Promise<void> {
    this.#running += 1;
    this.#options.onChanged();
    try {
      await job.run();
    } finally {
      this.#running -= 1;
      const next = this.#waiting.shift();
      if (next) void this.#run(next);
      else this.#options.onChanged();
    }
  }
}
