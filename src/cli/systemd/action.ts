import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IsobathError, reasonOf } from '../../base/errors.ts';

/** One thing that `isobath service` does to the machine. `--dry-run` prints them, else they are carried out. */
export type Action =
  | { readonly do: 'write'; readonly path: string; readonly mode: number; readonly content: string }
  | { readonly do: 'keep'; readonly path: string; readonly why: string }
  | { readonly do: 'remove'; readonly path: string }
  | { readonly do: 'run'; readonly command: readonly string[] };

/** The file's text; undefined where there is none. */
export async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    if (error.code === 'EACCES') throw IsobathError.of('ISO_ERR_SERVICE_PRIVILEGE', { path }, error);
    throw error;
  });
}

/** Throws ISO_ERR_SERVICE_PRIVILEGE, ISO_ERR_SERVICE_COMMAND. `root` is a folder that stands for `/`. */
export async function carryOut(actions: readonly Action[], root: string): Promise<void> {
  for (const action of actions) {
    if (action.do === 'write') await write(join(root, action.path), action.content, action.mode);
    else if (action.do === 'remove') await rm(join(root, action.path), { recursive: true, force: true });
    else if (action.do === 'run') await runCommand(action.command);
  }
}

/** All or nothing: a service that starts meanwhile never reads half a file. */
async function write(path: string, content: string, mode: number): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    if (dirname(path).endsWith('/credentials')) await chmod(dirname(path), 0o700);
    const part = `${path}.part`;
    await writeFile(part, content, { mode });
    await chmod(part, mode);
    await rename(part, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      throw IsobathError.of('ISO_ERR_SERVICE_PRIVILEGE', { path }, error);
    throw error;
  }
}

/** What the command printed. Throws ISO_ERR_SERVICE_COMMAND with what it said on standard error. */
export function runCommand([program = '', ...args]: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const command = [program, ...args].join(' ');
      const reason = stderr.trim() || reasonOf(error);
      reject(IsobathError.of('ISO_ERR_SERVICE_COMMAND', { command, reason }, error));
    });
  });
}

export function textOf(action: Action): string {
  if (action.do === 'run') return `run     ${action.command.join(' ')}`;
  if (action.do === 'keep') return `keep    ${action.path} (${action.why})`;
  return `${action.do.padEnd(7)} ${action.path}`;
}
