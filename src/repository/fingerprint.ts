import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Files of one version; more are not looked at. */
const MAX_FILES = 10_000;
/** Folders within folders: a model may keep its filters deep below it. */
const MAX_DEPTH = 32;

/**
 * A text that changes when a file below `folder` changes, comes or goes; undefined where there is none. Hidden entries
 * are what programs write for a while, and do not count, nor do folders that `skip` names.
 */
export async function fingerprintOf(
  folder: string,
  skip: (folder: string) => boolean = () => false,
): Promise<string | undefined> {
  const facts: string[] = [];
  await collect(folder, '', skip, facts);
  if (facts.length === 0) return undefined;
  return createHash('sha256').update(facts.sort().join('\n')).digest('hex').slice(0, 16);
}

async function collect(
  folder: string,
  path: string,
  skip: (folder: string) => boolean,
  facts: string[],
  depth = 0,
): Promise<void> {
  for (const name of await readdir(join(folder, path))) {
    if (name.startsWith('.') || facts.length >= MAX_FILES) continue;
    const inner = join(path, name);
    const found = await stat(join(folder, inner)).catch(() => undefined);
    // gone meanwhile, or a link to nowhere
    if (!found) continue;
    if (found.isDirectory()) {
      if (depth < MAX_DEPTH && !skip(inner)) await collect(folder, inner, skip, facts, depth + 1);
    } else facts.push(`${inner}\0${found.size}\0${found.mtimeMs}\0${found.ino}`);
  }
}
