import type { Life } from '../wire/messages/status.ts';

/** What a status changed in what is known of a party. `restarted`: another life of it is online now. */
export type LifeChange = 'none' | 'online' | 'restarted' | 'offline';

/**
 * How the word that counts came: published while this reader was connected, kept by the broker from before, or over a
 * connection of the reader that has ended.
 */
type Source = 'live' | 'retained' | 'earlier';

/**
 * Which of the statuses of one party counts: the one rule of masters, agents and clients. A party has many lives, one from each
 * start to its end. Their order is not told by a number, since state folders are lost and clocks go back; it is told by
 * the broker:
 *
 * - What is published while this reader is connected is true now, and nothing that was retained contradicts it.
 * - Only a life itself, or its will, says that it is over: `offline` from another life came late, and does not count.
 * - After the reader's own connection was lost, nothing from before it contradicts what comes then.
 *
 * A retained `online` may be that of a party that is long gone. Who gives work to it asks for a sign of life first.
 */
export class PartyLife<S extends Life> {
  #status: S | undefined;
  #source: Source = 'earlier';

  /** The status that counts. */
  get status(): S | undefined {
    return this.#status;
  }

  /** Takes a status that has come, or leaves it. */
  take(status: S, { retain }: { readonly retain: boolean }): LifeChange {
    const before = this.#status;
    const isSame = before !== undefined && lifeOf(before) === lifeOf(status);
    const contradicts = before !== undefined && !(isSame && before.state === status.state);
    if (contradicts && retain && this.#source === 'live') return 'none';
    if (contradicts && !isSame && status.state === 'offline' && this.#source !== 'earlier') return 'none';
    this.#status = status;
    if (!retain) this.#source = 'live';
    else if (this.#source !== 'live') this.#source = 'retained';
    const wasOnline = before?.state === 'online';
    if (status.state === 'offline') return wasOnline ? 'offline' : 'none';
    if (!wasOnline) return 'online';
    return isSame ? 'none' : 'restarted';
  }

  /** The reader's connection was lost: the party may have come, gone or changed unseen. */
  lostConnection(): void {
    this.#source = 'earlier';
  }

  /** The broker was told to forget the status. */
  clear(): void {
    this.#status = undefined;
    this.#source = 'earlier';
  }
}

/** The same for all statuses of one life of a party. Those of older versions have nothing but the epoch. */
export function lifeOf({ run, epoch }: Life): string {
  return run ?? `epoch-${epoch}`;
}
