interface Waiting {
  readonly bytes: number;
  readonly admit: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Bounds what is under way: at most `maxBytes` in at most `maxMessages`. Who finds it full waits in turn. One message is
 * always let through, however large.
 */
export class SendWindow {
  readonly #maxBytes: number;
  readonly #maxMessages: number;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #messages = 0;

  constructor(maxBytes: number, maxMessages = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
    this.#maxMessages = maxMessages;
  }

  get idle(): boolean {
    return this.#messages === 0 && this.#waiting.length === 0;
  }

  /** Runs `send` when there is room; its bytes count until it settles. */
  async run<T>(bytes: number, send: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      await new Promise<void>((admit, reject) => this.#waiting.push({ bytes, admit, reject }));
    } else this.#enter(bytes);
    try {
      return await send();
    } finally {
      this.#bytes -= bytes;
      this.#messages -= 1;
      this.#admitNext();
    }
  }

  /** Turns away all who wait. What is under way goes on. */
  rejectWaiting(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #admitNext(): void {
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.bytes)) {
      const { bytes, admit } = this.#waiting.shift()!;
      this.#enter(bytes);
      admit();
    }
  }

  #enter(bytes: number): void {
    this.#bytes += bytes;
    this.#messages += 1;
  }

  #fits(bytes: number): boolean {
    if (this.#messages === 0) return true;
    return this.#bytes + bytes <= this.#maxBytes && this.#messages < this.#maxMessages;
  }
}
