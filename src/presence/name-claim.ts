import type { IsobathError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { RecentSet } from '../base/recent-set.ts';
import type { Bus } from '../transport/bus.ts';
import { decodeJson, encodeJson } from '../wire/codec.ts';
import { CLAIM, type Claim, type ClaimAsk } from '../wire/messages/claim.ts';
import { type MessageKind, VERSION } from '../wire/messages/common.ts';
import type { Life } from '../wire/messages/status.ts';
import type { Identity } from './identity.ts';
import { lifeOf } from './life.ts';

export interface NameClaimOptions {
  readonly bus: Bus;
  /** `agents/<agent>/claim` or `master/claim`. */
  readonly topic: string;
  /** Where the retained status of this name is, and how it is read. */
  readonly status: { readonly topic: string; readonly kind: MessageKind<Life> };
  readonly identity: Identity;
  readonly logger: Logger;
  /** For the log, as in "agent pi-7". */
  readonly what: string;
  /** Publishes this process's status, and what belongs to it. */
  readonly announce: () => Promise<void>;
  /** The error that names the machine of the process that has the name. */
  readonly taken: (machine: string) => IsobathError;
  /** Another process that serves under the name has the better right to it. */
  readonly onLost: (error: IsobathError) => void;
  /** How long another process may take to answer. Default 1000 ms. */
  readonly patienceMs?: number;
}

/** A process that holds the name. */
interface Holder {
  readonly run: string;
  readonly machine: string;
}

/**
 * Keeps a name, and its retained status, for one process. A status proves nothing, so a process that starts asks those of
 * its name, and gives way to one that answers, even late: that one may have been suspended, and served before. Two that serve
 * already, because they were parted, settle it by their `run`: the smaller one stays, as both of them know.
 */
export class NameClaim {
  readonly #options: NameClaimOptions;
  readonly #told = new RecentSet(64);
  /** Each `run` that was told to give way: its answer to an older question counts no more, or both would end. */
  readonly #refused = new RecentSet(64);
  readonly #unsubscribe: (() => Promise<void>)[] = [];
  #serving = false;
  /** A status says that another life of this name is online. */
  #mayBeHeld = false;
  /** Who answered when nobody waited for it any more. */
  #late: Holder | undefined;
  #settle: ((holder: Holder | undefined) => void) | undefined;

  constructor(options: NameClaimOptions) {
    this.#options = options;
  }

  get isServing(): boolean {
    return this.#serving;
  }

  /** Throws what `taken` makes where another process has the name, and lives. */
  async start(): Promise<void> {
    const { bus, topic, status } = this.#options;
    const listen = async (to: string, take: (from: string, payload: Uint8Array) => void) => {
      this.#unsubscribe.push(await bus.subscribe(to, take, { qos: 1 }));
    };
    await listen(topic, (from, payload) => this.#onClaim(from, payload));
    await listen(status.topic, (from, payload) => void this.#onStatus(from, payload).catch(() => undefined));
    const holder = await this.#holder();
    if (holder) throw this.#options.taken(holder.machine);
  }

  async stop(): Promise<void> {
    this.#serving = false;
    this.#settle?.(undefined);
    await Promise.allSettled(this.#unsubscribe.splice(0).map((unsubscribe) => unsubscribe()));
  }

  /** From now on the name is this process's: it answers others so, and keeps the status right. Throws as `start` does. */
  async serve(): Promise<void> {
    if (this.#late) throw this.#options.taken(this.#late.machine);
    this.#serving = true;
    await this.#options.announce();
  }

  /** Asks. The broker's echo of the question ends the wait, unless a status that came before it names another life. */
  async #holder(): Promise<Holder | undefined> {
    const { patienceMs = 1000, identity } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Holder | undefined>((resolve) => {
      this.#settle = resolve;
      timer = setTimeout(() => resolve(undefined), patienceMs);
    });
    this.#say({ v: VERSION, type: 'ask', ...selfOf(identity), serving: this.#serving });
    const holder = await answer;
    clearTimeout(timer);
    this.#settle = undefined;
    this.#mayBeHeld = false;
    return holder;
  }

  /** Late wills and what anybody wrote are put right, and what a restarted broker remembers of an earlier life. */
  async #onStatus(topic: string, payload: Uint8Array): Promise<void> {
    const { identity, announce } = this.#options;
    const seen = this.#read(topic, payload);
    const isOther = seen !== undefined && lifeOf(seen) !== identity.run;
    if (seen?.state === 'online' && !isOther) return;
    const mayLive = isOther && seen.state === 'online';
    this.#mayBeHeld ||= mayLive;
    if (isOther) await identity.outrank(seen);
    if (!this.#serving) return;
    const holder = mayLive ? await this.#holder() : undefined;
    if (holder) this.#lose(holder);
    else if (this.#serving) await announce();
  }

  #read(topic: string, payload: Uint8Array): Life | undefined {
    try {
      return decodeJson(this.#options.status.kind, topic, payload);
    } catch {
      return undefined;
    }
  }

  #onClaim(topic: string, payload: Uint8Array): void {
    const claim = decodeJson(CLAIM, topic, payload);
    const { run } = this.#options.identity;
    if (claim.type === 'held') {
      if (claim.to === run && claim.run !== run) this.#onHeld(claim);
    } else if (claim.run !== run) this.#onAsk(claim);
    else if (!this.#mayBeHeld) this.#settle?.(undefined);
  }

  #onHeld({ run, machine }: Holder): void {
    if (this.#settle) this.#settle({ run, machine });
    else if (this.#refused.has(run)) return;
    else if (this.#serving) this.#lose({ run, machine });
    else this.#late = { run, machine };
  }

  #onAsk({ run, machine, serving }: ClaimAsk): void {
    const { identity, logger, what } = this.#options;
    const isContest = serving === this.#serving;
    if (isContest ? identity.run < run : this.#serving) {
      this.#refused.add(run);
      this.#say({ v: VERSION, type: 'held', ...selfOf(identity), to: run });
      // the other one has written its status over this one's
      if (serving) void this.#options.announce().catch(() => undefined);
      if (this.#told.has(machine)) return;
      this.#told.add(machine);
      logger.warn(
        { machine },
        `A second ${what} runs on ${machine}. It was told that the name is taken, and ends.`,
      );
    } else if (isContest && serving) this.#lose({ run, machine });
  }

  /** It answers nobody from now on, who would give way to one that ends. */
  #lose({ machine }: Holder): void {
    if (!this.#serving) return;
    this.#serving = false;
    this.#options.onLost(this.#options.taken(machine));
  }

  #say(claim: Claim): void {
    const { bus, topic } = this.#options;
    bus.publish(topic, encodeJson(claim), { qos: 1 }).catch(() => undefined);
  }
}

function selfOf({ run, machine }: Identity): Holder {
  return { run, machine };
}
