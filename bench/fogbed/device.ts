import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SERVICE_NODE_FLAGS } from '../../src/cli/node-flags.ts';
import type { CpuGroup } from './cpu.ts';
import { patiently } from './leftovers.ts';
import type { NetworkDevice } from './network.ts';

export interface DeviceOptions {
  /** Its processes carry its name in their environment, as FOGBED_RUN. */
  readonly run: string;
  readonly network: NetworkDevice;
  /** Undefined: its processes have the whole machine. */
  readonly cpu?: CpuGroup;
  /** Of the run. */
  readonly directory: string;
}

/** A process that has not ended so long after SIGTERM is killed. */
const GOODBYE_MS = 5000;
const KEPT_LINES = 20;

/**
 * Before Node: enters the control group while its files can be seen, then the network, then lays another boot id over
 * that of the machine, by which Isobath tells machines apart. `ip netns exec` gives it mounts of its own. Each step
 * replaces the one before, so the process stays the one that was started.
 */
const ENTER = `[ -z "$1" ] || echo $$ > "$1"; namespace=$2; shift 2
exec ip netns exec "$namespace" sh -c 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"' sh "$@"`;

/** A process on a device, as this program sees it. */
export interface DeviceProcess {
  readonly child: ChildProcess;
  /** Rejects when the process ends before `stop`. */
  readonly failed: Promise<never>;
  /** What it wrote on standard output, when it has ended well; rejects as `failed`. */
  readonly output: Promise<string>;
  /** Milliseconds of processors that it has taken so far. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

/** What is to look like a machine of its own: a network card, a share of a processor, a boot id. */
export class Device {
  readonly name: string;
  readonly address: string;
  readonly #options: DeviceOptions;
  readonly #processes = new Set<DeviceProcess>();
  #stopped = false;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.name = options.network.name;
    this.address = options.network.address;
  }

  /** Where its processes keep their files. */
  get directory(): string {
    return join(this.#options.directory, this.name);
  }

  async start(): Promise<void> {
    await writeFile(this.#bootId, `${randomUUID()}\n`);
    await this.#options.cpu?.start();
  }

  /** Ends what still runs here; nothing can be run any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#processes].map((each) => each.stop()));
    const { cpu } = this.#options;
    if (cpu) await patiently(() => cpu.stop());
  }

  async setLimited(limited: boolean): Promise<void> {
    await this.#options.cpu?.setLimited(limited);
  }

  /** Runs a script of Node; its channel closes with this process, however it ends. */
  run(script: string, args: readonly string[], { unlimited = false }: RunOptions = {}) {
    if (this.#stopped) throw new Error(`the device ${this.name} is taken down`);
    const { cpu, network, run } = this.#options;
    const group = unlimited || !cpu ? '' : cpu.members;
    // as services run
    const node = [process.execPath, ...SERVICE_NODE_FLAGS];
    const call = [ENTER, 'sh', group, network.namespace, this.#bootId, ...node, script, ...args];
    const child = spawn('sh', ['-c', ...call], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: { ...withoutSettings(process.env), FOGBED_RUN: run },
      // a signal of the terminal is for this program, which then ends them in order
      detached: true,
    });
    const started = watched(child, `${network.name}: ${[...args].slice(0, 1).join('') || script}`, () =>
      this.#processes.delete(started),
    );
    this.#processes.add(started);
    return started;
  }

  get #bootId(): string {
    return join(this.#options.directory, `${this.name}.boot-id`);
  }
}

export interface RunOptions {
  /** Outside of the device's control group: its processor is not for this process. */
  readonly unlimited?: boolean;
}

function watched(child: ChildProcess, what: string, onEnd: () => void): DeviceProcess {
  const lines: string[] = [];
  let stopping = false;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.split('\n').filter((line) => line.trim() !== ''));
    lines.splice(0, lines.length - KEPT_LINES);
  });
  let written = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  let succeed: (output: string) => void = () => undefined;
  const output = new Promise<string>((resolve, reject) => {
    succeed = resolve;
    failed.catch(reject);
  });
  output.catch(() => undefined);
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => lines.push(error.message));
    child.on('close', (code, signal) => {
      resolve();
      onEnd();
      if (stopping) return;
      if (code === 0) succeed(written);
      fail(new Error(`${what} ended (${code ?? signal}): ${lines.join(' ') || 'it wrote nothing'}`));
    });
  });
  const stop = async () => {
    stopping = true;
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), GOODBYE_MS);
    await ended;
    clearTimeout(timer);
  };
  return { child, failed, output, cpuMs: () => cpuMsOf(child.pid), stop };
}

/** The kernel counts in hundredths of a second: user and system time are the 14th and 15th field, behind the name. */
async function cpuMsOf(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0));
}

/** Settings of this process are not meant for the devices. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('ISOBATH_')));
}
