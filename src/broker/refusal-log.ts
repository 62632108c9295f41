import type { Logger } from '../base/logger.ts';
import { RecentSet } from '../base/recent-set.ts';
import { REFUSALS, type RefusalCause } from './refusal.ts';

/** Lines of one cause in one period: anybody can be refused as often as he likes. */
const MOST = 10;
const PERIOD_MS = 60_000;
/** Clients with what they were refused lately, which is not told again. */
const REMEMBERED = 1024;

interface Told {
  since: number;
  refused: number;
}

/** Tells of each client that is refused, and of each thing that a client is refused: reason and cure, in one line. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #told = new Map<RefusalCause, Told>();
  readonly #once = new RecentSet(REMEMBERED);

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  note(cause: RefusalCause, facts: object, level: 'info' | 'warn' = 'info'): void {
    const { reason, cure } = REFUSALS[cause];
    const now = performance.now();
    const told = this.#told.get(cause) ?? { since: now, refused: 0 };
    const untold = now - told.since > PERIOD_MS ? Math.max(0, told.refused - MOST) : 0;
    if (now - told.since > PERIOD_MS) Object.assign(told, { since: now, refused: 0 });
    this.#told.set(cause, told);
    told.refused += 1;
    if (told.refused > MOST) return;
    const more = untold > 0 ? { untold } : {};
    this.#logger[level]({ cause, ...facts, ...more }, `The broker refused a client: ${reason}. ${cure}`);
  }

  /** As `note`, one line for each client and topic. */
  noteOnce(cause: 'publish' | 'subscribe', client: string, topic: string): void {
    const key = JSON.stringify([cause, client, topic]);
    if (this.#once.has(key)) return;
    this.#once.add(key);
    this.note(cause, { client, topic }, 'warn');
  }
}
