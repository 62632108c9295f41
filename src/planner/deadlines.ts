export interface DeadlineOptions {
  /** Before a stage was seen, and never more than this. Default 30000 ms. */
  readonly maxMs?: number;
  /** Never less than this: a busy device may be away for a moment. Default 2000 ms. */
  readonly minMs?: number;
}

/** How many times its usual duration a shard may take. */
const PATIENCE = 6;
/** Weight of the newest observation. */
const FORGETTING = 0.3;

/** When to give up on a shard: learnt from how long the shards of its stage took before. */
export class Deadlines {
  readonly #maxMs: number;
  readonly #minMs: number;
  readonly #usualMs = new Map<number, number>();

  constructor(options: DeadlineOptions = {}) {
    this.#maxMs = options.maxMs ?? 30_000;
    this.#minMs = options.minMs ?? 2_000;
  }

  of(stage: number): number {
    const usual = this.#usualMs.get(stage);
    if (usual === undefined) return this.#maxMs;
    return Math.min(this.#maxMs, Math.max(this.#minMs, usual * PATIENCE));
  }

  observe(stage: number, tookMs: number): void {
    const usual = this.#usualMs.get(stage) ?? tookMs;
    this.#usualMs.set(stage, usual + FORGETTING * (tookMs - usual));
  }
}
