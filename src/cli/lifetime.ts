import { constants } from 'node:os';

/** Clean-up may take so long; what hangs then is left to the end of the process. */
const PATIENCE_MS = 15_000;

/** A command was interrupted before it was done. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    // What shells report of a process that a signal ended.
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * From the start of a command to its end: remembers what is to be undone, and undoes it on every way out. The first
 * SIGINT or SIGTERM asks politely, the second one ends the process at once.
 */
export class Lifetime {
  readonly #undo: (() => unknown)[] = [];
  readonly #asked: Promise<NodeJS.Signals>;
  #resolve!: (signal: NodeJS.Signals) => void;
  #seen = false;
  #service = false;
  #serving = false;

  /** Begins to listen for signals. */
  constructor() {
    this.#asked = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.ask(signal));
  }

  /** Asks the command to end, as a signal does. */
  ask(signal: NodeJS.Signals): void {
    if (this.#seen) process.exit(new Interrupted(signal).exitCode);
    this.#seen = true;
    this.#resolve(signal);
  }

  /** Ends when the parent process ends, even by SIGKILL: the channel between the two closes then. */
  followParent(): void {
    if (process.connected) process.on('disconnect', () => this.ask('SIGTERM'));
    else this.ask('SIGTERM');
  }

  /** From now on a signal is the usual end, not an interruption. */
  asService(): void {
    this.#service = true;
  }

  get isService(): boolean {
    return this.#service;
  }

  /** The service has started, and works from now on. */
  asServing(): void {
    this.#serving = true;
  }

  get hasServed(): boolean {
    return this.#serving;
  }

  /** True as soon as a signal came. */
  get ending(): boolean {
    return this.#seen;
  }

  /** Runs at the end, last come first served. */
  defer(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  /** Resolves at the first signal: what services wait for. */
  asked(): Promise<NodeJS.Signals> {
    return this.#asked;
  }

  /** `work`, or Interrupted if a signal comes first. */
  async interruptible<T>(work: Promise<T>): Promise<T> {
    const interrupted = this.asked().then((signal) => {
      throw new Interrupted(signal);
    });
    return Promise.race([work, interrupted]);
  }

  /** Undoes everything that was deferred; a step that fails does not keep the others from running. */
  async end(): Promise<void> {
    const all = (async () => {
      for (const undo of this.#undo.splice(0).reverse()) {
        await Promise.resolve()
          .then(undo)
          .catch(() => undefined);
      }
    })();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([all, patience]);
    clearTimeout(timer);
  }
}
