/** An echo: seconds of the whole way there and back, and how long the other end held it. */
export interface Echo {
  readonly seconds: number;
  readonly heldSeconds: number;
}

interface Waiting {
  readonly began: number;
  resolve(echo: Echo | undefined): void;
}

/** Pairs what was sent with what came back, on one clock. */
export class Echoes {
  readonly #waiting = new Map<string, Waiting>();
  readonly #now: () => number;
  #serial = 0;
  #closed = false;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Undefined where nothing came within `timeoutMs`, or the message could not be sent. The clock starts at `send`. */
  async of(timeoutMs: number, send: (id: string) => () => Promise<void>): Promise<Echo | undefined> {
    if (this.#closed) return undefined;
    const id = `e${this.#serial++}`;
    const publish = send(id);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Echo | undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), timeoutMs);
        this.#waiting.set(id, { began: this.#now(), resolve });
        publish().catch(() => resolve(undefined));
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** `arrivedMs` is when the message was there, before anybody looked at it. */
  arrived(id: string, arrivedMs: number, heldMs = 0): void {
    const waiting = this.#waiting.get(id);
    const seconds = (arrivedMs - (waiting?.began ?? 0)) / 1000;
    waiting?.resolve({ seconds, heldSeconds: Math.min(heldMs / 1000, seconds) });
  }

  now(): number {
    return this.#now();
  }

  /** Nothing comes any more. */
  close(): void {
    this.#closed = true;
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
  }
}
