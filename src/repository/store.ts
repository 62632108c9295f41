import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IsobathError, reasonOf } from '../base/errors.ts';
import { isName } from '../wire/names.ts';
import { versionNames } from './scan.ts';
import { nextVersion, versionNumber } from './versions.ts';

/** A file of a version: a copy of another one, or bytes. */
export type StoreFile = { readonly path: string } & (
  | { readonly from: string }
  | { readonly bytes: Uint8Array | string }
);

export interface StoreRequest {
  readonly directory: string;
  readonly model: string;
  /** A whole number; the next free one where it is left out. */
  readonly version?: string;
  /** `path` is relative to the version's folder. Given the version, because a manifest names it. */
  readonly files: (version: string) => readonly StoreFile[];
}

/**
 * The version that a model would get. Throws ISO_ERR_VERSION_EXISTS, and ISO_ERR_USAGE for a version that is no number and for
 * a name that is hidden or, as `..`, leads out of the directory.
 */
export async function freeVersion({
  directory,
  model,
  version,
}: Omit<StoreRequest, 'files'>): Promise<string> {
  if (model.startsWith('.') || !isName(model)) {
    const problem = `A model in a directory of models cannot be called ${JSON.stringify(model)}.`;
    const hint =
      'Give it another name with `--name`: letters, digits, dots, dashes and underscores, and no dot at its beginning.';
    throw IsobathError.of('ISO_ERR_USAGE', { problem, hint });
  }
  const names = await versionNames(join(directory, model)).catch((error: unknown) => {
    throw unwritable(directory, model, error);
  });
  const next = nextVersion(names);
  if (version === undefined) return next;
  if (versionNumber(version) === undefined) {
    const problem = `The version ${JSON.stringify(version)} is not a whole number from 1 up.`;
    throw IsobathError.of('ISO_ERR_USAGE', { problem, hint: `The next free one is ${next}.` });
  }
  if (names.includes(version)) throw IsobathError.of('ISO_ERR_VERSION_EXISTS', { model, version, next });
  return version;
}

/**
 * Stores a version whole or not at all: it is written under a hidden name, forced to the disk and then renamed, so that
 * a master never sees half of it. Throws as `freeVersion`, and ISO_ERR_REPOSITORY_UNWRITABLE.
 */
export async function storeVersion(request: StoreRequest): Promise<{ version: string; folder: string }> {
  const { directory, model, files } = request;
  const home = join(directory, model);
  const hidden = join(home, `.import-${randomBytes(6).toString('hex')}`);
  try {
    for (;;) {
      const version = await freeVersion(request);
      await rm(hidden, { recursive: true, force: true });
      await mkdir(hidden, { recursive: true });
      await writeAll(hidden, files(version));
      const folder = join(home, version);
      if (await claimed(hidden, folder)) {
        await syncFolder(home);
        await syncFolder(directory);
        return { version, folder };
      }
    }
  } catch (error) {
    throw error instanceof IsobathError ? error : unwritable(directory, model, error);
  } finally {
    await rm(hidden, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** False where somebody else was faster: a folder is not renamed onto one that holds something. */
async function claimed(hidden: string, folder: string): Promise<boolean> {
  try {
    await rename(hidden, folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

async function writeAll(folder: string, files: readonly StoreFile[]): Promise<void> {
  const folders = new Set([folder]);
  for (const file of files) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    for (let at = dirname(path); at !== folder; at = dirname(at)) folders.add(at);
    if ('from' in file) await copyFile(file.from, path);
    const handle = await open(path, 'from' in file ? 'r+' : 'wx', 0o644);
    try {
      if ('bytes' in file) await handle.writeFile(file.bytes);
      else await handle.chmod(0o644);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  for (const each of [...folders].reverse()) await syncFolder(each);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unwritable(directory: string, model: string, error: unknown): IsobathError {
  const details = { directory, model, reason: reasonOf(error) };
  return IsobathError.of('ISO_ERR_REPOSITORY_UNWRITABLE', details, error);
}
