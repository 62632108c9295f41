/** A seeded source of choices: the same seed makes the same models. */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** Undefined of nothing. */
  of<T>(values: readonly T[]): T | undefined {
    return values[this.below(values.length)];
  }
}

/** Numbers at which checks tend to end. */
export const ODD_NUMBERS = [
  ...[0, 1, -1, 2, 3, 5, 7, -2, 64, 255, 256, 4096, 65_536, 2 ** 20, 2 ** 24, 2 ** 31 - 1, 2 ** 31],
  ...[-(2 ** 31), 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
] as const;
