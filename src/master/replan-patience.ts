export interface ReplanPatienceOptions {
  /** Plans that only figures ask for begin no sooner after their cause, or after the plan before. In milliseconds. */
  readonly settleMs: number;
  readonly replanMs: number;
  readonly now?: () => number;
}

/** Corrected figures that led to no better plan have patience: each time twice as much, so many times `replanMs` at most. */
const MOST = 16;
/** By this factor the running plan has become slower or faster than it was thought to be: patience ends. */
const NEWS = 1.25;

/**
 * When changed figures alone, and not a changed fleet, may lead to a plan. Planning takes seconds of a small master, which
 * inferences then lack: while it gains nothing, it comes more and more rarely.
 */
export class ReplanPatience {
  readonly #options: Required<ReplanPatienceOptions>;
  #times = 1;
  #plannedMs = Number.NEGATIVE_INFINITY;
  /** What the running plan was to cost when plans were last compared. */
  #weighedSeconds = Number.NaN;

  constructor(options: ReplanPatienceOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /** Milliseconds until the next plan may begin. */
  get waitMs(): number {
    const { settleMs, replanMs, now } = this.#options;
    return Math.max(settleMs, this.#times * replanMs - (now() - this.#plannedMs));
  }

  /** A plan was made. */
  planned(): void {
    this.#plannedMs = this.#options.now();
  }

  /** It gained too little against the running one, which is predicted to take so long by the same figures. */
  fruitless(runningSeconds: number): void {
    this.#weighedSeconds = runningSeconds;
    this.#times = Math.min(MOST, 2 * this.#times);
  }

  /** The running plan is to take so long by new figures. True where that is far from what it was: then patience has ended. */
  renewBy(runningSeconds: number): boolean {
    if (this.#times === 1) return false;
    if (Math.abs(Math.log(runningSeconds / this.#weighedSeconds)) <= Math.log(NEWS)) return false;
    this.renew();
    return true;
  }

  /** Another plan runs, or another fleet is there. */
  renew(): void {
    this.#times = 1;
  }
}
