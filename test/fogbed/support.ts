import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { cpuHierarchy } from '../../bench/fogbed/cpu.ts';
import { runName } from '../../bench/fogbed/names.ts';

const BENCH = fileURLToPath(new URL('../../dist-bench/bench/fogbed/main.js', import.meta.url));

/** A small model on two agents. */
export const SMALL = ['--model', 'zoo:squeezenet', '--agents', '2', '--cpu', '0.2', '--warm-up', '1'];

/** The bench as a process, and what it wrote. */
export class Bench {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';
  readonly #watchers = new Set<() => void>();

  constructor(...args: readonly string[]) {
    const env = { ...process.env, NODE_OPTIONS: '' };
    this.child = spawn(process.execPath, [BENCH, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      for (const watch of this.#watchers) watch();
    });
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Resolves when it has told of this; rejects when it ends before. */
  told(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const watch = () => {
        if (pattern.test(this.stderr)) resolve();
      };
      this.#watchers.add(watch);
      void this.ended.then((code) => reject(new Error(`it ended with ${code}: ${this.stderr}`)));
      watch();
    });
  }
}

/** Everything of a run that is on the machine now: namespaces, groups, folders, processes. */
export async function traces(pid: number): Promise<string[]> {
  const run = runName(pid);
  const named = async (folder: string) =>
    (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(`${run}-`));
  const { folder } = (await cpuHierarchy())!;
  return [
    ...(await named('/run/netns')),
    ...(await named(folder)),
    ...(await named(tmpdir())),
    ...(await processes(run)),
  ];
}

async function processes(run: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(`FOGBED_RUN=${run}`)) found.push(`process ${pid}`);
  }
  return found;
}
