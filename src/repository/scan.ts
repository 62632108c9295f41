import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IsobathError, reasonOf } from '../base/errors.ts';
import { isName } from '../wire/names.ts';
import { fingerprintOf } from './fingerprint.ts';
import { newestFirst, UNVERSIONED, versionNumber } from './versions.ts';

/** A version as it lies in the directory; nothing of it was read. */
export interface StoredVersion {
  readonly model: string;
  /** A whole number, or `unversioned`. */
  readonly version: string;
  readonly folder: string;
  /** Changes when one of its files does. */
  readonly fingerprint: string;
}

export interface Scan {
  /** The newest version of each model first. */
  readonly models: ReadonlyMap<string, readonly StoredVersion[]>;
  /** ISO_ERR_REPOSITORY_ENTRY for each entry that can be no model. */
  readonly problems: readonly IsobathError[];
}

/** A master announces no more. */
const MAX_MODELS = 1000;

/**
 * Looks through a directory of models: `NAME/VERSION/model.onnx` (or `model.json`), or `NAME/model.onnx` without a version. Hidden entries are
 * left out: that is how a version is written before it is whole. Throws ISO_ERR_REPOSITORY_UNREADABLE.
 */
export async function scanRepository(directory: string): Promise<Scan> {
  const models = new Map<string, readonly StoredVersion[]>();
  const problems: IsobathError[] = [];
  const refuse = (entry: string, reason: string) =>
    problems.push(IsobathError.of('ISO_ERR_REPOSITORY_ENTRY', { directory, entry: shown(entry), reason }));
  for (const name of (await entriesOf(directory)).sort()) {
    if (name.startsWith('.')) continue;
    const folder = join(directory, name);
    if (!(await isFolder(folder))) {
      if (/\.(onnx|json)$/i.test(name)) refuse(name, 'a model needs a folder of its own');
    } else if (!isName(name)) refuse(name, 'its name cannot be part of a topic');
    else if (models.size >= MAX_MODELS) refuse(name, `there are ${MAX_MODELS} models before it`);
    else {
      // a folder that cannot be read is told, and does not keep the others from being served
      const versions = await versionsOf(name, folder).catch((error: unknown) => {
        refuse(name, reasonOf(error));
        return undefined;
      });
      if (versions?.length === 0)
        refuse(name, 'it holds no model and no folder with the number of a version');
      else if (versions) models.set(name, versions);
    }
  }
  return { models, problems };
}

/** Names of the numbered versions of a model; none where it has no folder. Throws what the file system throws. */
export async function versionNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => versionNumber(name) !== undefined).sort(newestFirst);
}

async function versionsOf(model: string, folder: string): Promise<StoredVersion[]> {
  const versions: StoredVersion[] = [];
  for (const version of await versionNames(folder)) {
    const own = join(folder, version);
    if (!(await isFolder(own))) continue;
    const fingerprint = await fingerprintOf(own);
    if (fingerprint) versions.push({ model, version, folder: own, fingerprint });
  }
  const loose = await looseVersion(model, folder);
  return loose ? [...versions, loose] : versions;
}

/** A model without versions has its files in the model's folder itself. */
async function looseVersion(model: string, folder: string): Promise<StoredVersion | undefined> {
  const files = new Set(await readdir(folder));
  if (!['model.onnx', 'model.json', 'manifest.json'].some((file) => files.has(file))) return undefined;
  const fingerprint = await fingerprintOf(folder, (inner) => versionNumber(inner) !== undefined);
  return fingerprint ? { model, version: UNVERSIONED, folder, fingerprint } : undefined;
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : reasonOf(error);
    throw IsobathError.of('ISO_ERR_REPOSITORY_UNREADABLE', { directory, reason }, error);
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** A name may hold line ends, which would forge lines of a log. */
function shown(name: string): string {
  return /^[\w.+ -]{1,128}$/.test(name) ? name : JSON.stringify(name.slice(0, 128));
}
