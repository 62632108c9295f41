import { execFile } from 'node:child_process';
import type { Logger } from '../../base/logger.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Carries assignments such as `READY=1` to the service manager. */
export type Send = (assignments: readonly string[]) => Promise<void>;

/**
 * Tells systemd how a service of `Type=notify` is, as sd_notify(3) has it: READY, STATUS, WATCHDOG, STOPPING. Says
 * nothing where NOTIFY_SOCKET is not set. Node.js has no datagram sockets of the family AF_UNIX, so systemd-notify(1)
 * carries the messages; the unit needs `NotifyAccess=all`.
 */
export class Notifier {
  readonly #send: Send | undefined;
  readonly #watchdogMs: number;
  readonly #logger: Logger;
  /** Messages leave in the order in which they were given. */
  #sent: Promise<void> = Promise.resolve();
  #watchdog: NodeJS.Timeout | undefined;
  /** The status of a service that does its work; undefined before. */
  #fine: string | undefined;
  #stopping = false;
  #complained = false;

  constructor(environment: Environment, logger: Logger, send: Send = systemdNotify) {
    this.#send = environment.NOTIFY_SOCKET ? send : undefined;
    this.#watchdogMs = watchdogMs(environment);
    this.#logger = logger;
  }

  /** The service does its work now. From here on systemd restarts it when its event loop stands still. */
  ready(status: string): void {
    if (this.#fine !== undefined || this.#stopping) return;
    this.#fine = status;
    this.#tell('READY=1', `STATUS=${status}`);
    if (this.#send === undefined || this.#watchdogMs === 0) return;
    this.#tell('WATCHDOG=1');
    // half the time, as sd_watchdog_enabled(3) recommends
    this.#watchdog = setInterval(() => this.#tell('WATCHDOG=1'), this.#watchdogMs / 2);
    this.#watchdog.unref();
  }

  /** One line for `systemctl status`. */
  status(text: string): void {
    if (!this.#stopping) this.#tell(`STATUS=${text}`);
  }

  /** The connection of a ready service is lost. It stays ready: it comes back by itself. */
  lost(): void {
    if (this.#fine !== undefined) this.status('The connection to the broker is lost; trying again');
  }

  restored(): void {
    if (this.#fine !== undefined) this.status(this.#fine);
  }

  /** Resolves when systemd has been told. */
  stopping(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      clearInterval(this.#watchdog);
      this.#tell('STOPPING=1', 'STATUS=Stopping');
    }
    return this.#sent;
  }

  #tell(...assignments: readonly string[]): void {
    const send = this.#send;
    if (send === undefined) return;
    this.#sent = this.#sent.then(() => send(assignments)).catch((error: unknown) => this.#complain(error));
  }

  /** Once: without READY the service manager will say the rest. */
  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#logger.warn({ reason: String(error) }, 'systemd could not be told how this service is.');
  }
}

/** 0 where no watchdog is on for this process. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment): number {
  if (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== process.pid) return 0;
  const microseconds = Number(WATCHDOG_USEC ?? 0);
  return Number.isFinite(microseconds) && microseconds > 0 ? microseconds / 1000 : 0;
}

function systemdNotify(assignments: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('systemd-notify', [...assignments], (error) => (error ? reject(error) : resolve()));
  });
}
