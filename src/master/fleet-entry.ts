import { afterAwake } from '../base/awake-timer.ts';
import { lifeOf, PartyLife } from '../presence/life.ts';
import type { AgentProfile, AgentStatus } from '../wire/messages/status.ts';

/** An agent that is online, has told its profile, and has given a sign of life. */
export interface Member {
  readonly id: string;
  /** The same from one start of the agent to its end: after a restart it has forgotten its programs. */
  readonly life: string;
  readonly profile: AgentProfile;
}

/** What the master knows of one agent. */
export class FleetEntry {
  readonly status = new PartyLife<AgentStatus>();
  profile: AgentProfile | undefined;
  /** A sign of life came since it says that it is online, or since it was last asked in vain. */
  heard = false;
  /** It may get work, and the others were told so. */
  member = false;
  /** While it is not heard it is asked again, ever more rarely. */
  nextAskMs = 0;
  askPauseMs = 0;

  #endWait: (() => void) | undefined;

  get isOnline(): boolean {
    return this.status.status?.state === 'online';
  }

  get life(): string | undefined {
    const { status } = this.status;
    return status && lifeOf(status);
  }

  memberOf(id: string): Member | undefined {
    const { member, profile, life } = this;
    return member && profile && life !== undefined ? { id, life, profile } : undefined;
  }

  /** True while an answer to a question is awaited. */
  get isAsked(): boolean {
    return this.#endWait !== undefined;
  }

  /** Waits for `answered`; calls `onSilence` where it does not come within `ms`. */
  awaitAnswer(ms: number, onSilence: () => void): Promise<void> {
    this.answered();
    return new Promise((resolve) => {
      const end = afterAwake(ms, () => {
        this.answered();
        onSilence();
      });
      this.#endWait = () => {
        this.#endWait = undefined;
        end();
        resolve();
      };
    });
  }

  /** Ends the wait. */
  answered(): void {
    this.#endWait?.();
  }
}
