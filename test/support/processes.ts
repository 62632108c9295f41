import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `isobath` to its end. */
export async function isobath(...args: readonly string[]): Promise<Ended> {
  const service = new ServiceProcess(args);
  const code = await service.ended;
  return { code, stdout: service.stdout, stderr: service.stderr };
}

/** An `isobath` process with all that it wrote; `kill` ends it as a power cut would. */
export class ServiceProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...environment };
    this.child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      for (const watch of this.#watchers) watch();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      for (const watch of this.#watchers) watch();
    });
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Resolves with the match when the process has written it; rejects when it ends before. */
  wrote(pattern: RegExp): Promise<RegExpMatchArray> {
    return new Promise((resolve, reject) => {
      const watch = () => {
        const match = this.stderr.match(pattern) ?? this.stdout.match(pattern);
        if (!match) return;
        this.#watchers.delete(watch);
        resolve(match);
      };
      this.#watchers.add(watch);
      void this.ended.then((code) =>
        reject(new Error(`ended with ${code} before ${pattern}: ${this.stderr}`)),
      );
      watch();
    });
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
