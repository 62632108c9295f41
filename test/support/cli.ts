import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach } from '@jest/globals';

export const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

/** What services keep where no `--state` says otherwise: root's would lie in /var/lib. */
let state: string | undefined;
afterAll(() => {
  if (state !== undefined) rmSync(state, { recursive: true, force: true });
});

/** The built program as a process, with none of our own settings in its environment. */
export function startCli(args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  if (!existsSync(PROGRAM)) throw new Error('dist/ is missing: npm run build');
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(ISOBATH_|NODE_OPTIONS|FORCE_COLOR)/.test(name),
  );
  state ??= mkdtempSync(join(tmpdir(), 'isobath-state-'));
  const env = { ...Object.fromEntries(own), STATE_DIRECTORY: state, ...environment };
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: ROOT,
    env,
  });
  running.add(child);
  child.on('close', () => running.delete(child));
  return child;
}

export function ended(child: ChildProcess): Promise<CliResult> {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...text })));
}

/** Runs a command to its end. */
export function cli(...args: readonly string[]): Promise<CliResult> {
  return ended(startCli(args));
}

/** What a service says with `--json` when it is ready. */
export function ready(child: ChildProcess): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout!.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('\n'))
        resolve(JSON.parse(text.slice(0, text.indexOf('\n'))) as Record<string, unknown>);
    });
    child.on('close', (code) => reject(new Error(`it ended with ${code} before it was ready`)));
  });
}

/** Processes that were started, at whatever remove, with `mark` in their environment. Linux only. */
export function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        // A process that has ended and was not waited for has an empty one.
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}
