import { type ChildProcess, spawn } from 'node:child_process';
import { IsobathError } from '../../base/errors.ts';
import { SERVICE_NODE_FLAGS } from '../node-flags.ts';

export interface AgentProcessOptions {
  /** Path of the `isobath` program. */
  readonly program: string;
  readonly name: string;
  readonly cluster: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly directory: string;
  /** Name of the engine. */
  readonly engine: string;
  readonly threads: number;
  /** As in `200MB`. */
  readonly filterLimit?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default `never`: somebody waits for this process. */
  readonly calibration?: 'start' | 'never';
}

const KEPT_LINES = 20;
/** A process that has not ended so long after SIGTERM is killed. */
const GOODBYE_MS = 5000;

/** One `isobath agent` that lives no longer than this process. */
export class AgentProcess {
  readonly name: string;
  readonly #options: AgentProcessOptions;
  readonly #lines: string[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: AgentProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** `onEnd` is told when the process ends before `stop`. */
  start(onEnd: (error: IsobathError) => void): void {
    const { program, name, cluster, url, username, password, directory, engine, threads } = this.#options;
    const { calibration = 'never', filterLimit, environment } = this.#options;
    const settings = { calibration, broker: url, name, cluster, state: directory, engine, threads };
    const limit = filterLimit === undefined ? {} : { 'filter-limit': filterLimit };
    const flags = { ...settings, ...limit, 'log-level': 'warn' };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    // The password is no argument: everybody on the machine can read those.
    const own = { ISOBATH_BROKER_USERNAME: username, ISOBATH_BROKER_PASSWORD: password };
    const child = spawn(
      process.execPath,
      [...SERVICE_NODE_FLAGS, program, 'agent', ...args, '--with-parent'],
      {
        // The channel closes with this process, however it ends; the agent ends then.
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        env: { ...withoutSettings(environment), ...own },
      },
    );
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lines.push(...text.split('\n').filter((line) => line.trim() !== ''));
      this.#lines.splice(0, this.#lines.length - KEPT_LINES);
    });
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => this.#lines.push(error.message));
      child.on('close', (code, signal) => {
        resolve();
        if (this.#child !== child) return;
        this.#child = undefined;
        const reason = this.#lines.join(' ') || 'it wrote nothing.';
        const details = { role: `agent ${name}`, code: code ?? signal ?? 'none', reason };
        onEnd(IsobathError.of('ISO_ERR_CHILD_FAILED', details));
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), GOODBYE_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** Settings of this process are not meant for its agents. */
function withoutSettings(environment: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('ISOBATH_')));
}
