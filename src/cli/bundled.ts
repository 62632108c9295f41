import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Manifest, readManifest } from '../formats/manifest.ts';

/** The folder `models/` of this package, seen from src/cli and from dist/cli alike. */
const FOLDER = fileURLToPath(new URL('../../models', import.meta.url));

export interface BundledModel {
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A bundled model has a folder of its own under `models/`, named like it, with a manifest.json. */
export async function bundledModels(folder = FOLDER): Promise<BundledModel[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = await Promise.all(names.sort().map((name) => bundledModel(name, folder)));
  return found.filter((model) => model !== undefined);
}

/** Undefined where no model of that name is bundled. */
export async function bundledModel(name: string, folder = FOLDER): Promise<BundledModel | undefined> {
  if (!/^[\w.-]+$/.test(name) || name.startsWith('.')) return undefined;
  const own = join(folder, name);
  const files: string[] = await readdir(own).catch(() => []);
  if (!files.includes('manifest.json')) return undefined;
  return { name, folder: own, manifest: await readManifest(join(own, 'manifest.json')) };
}

/** An example input of a bundled model: what its manifest names, or the first of its `samples/`. */
export async function sampleOf({ folder, manifest }: BundledModel): Promise<string | undefined> {
  if (manifest.sample) return join(folder, manifest.sample);
  const samples: string[] = await readdir(join(folder, 'samples')).catch(() => []);
  const pictures = samples.filter((file) => /\.(png|jpe?g|webp)$/i.test(file)).sort();
  return pictures[0] === undefined ? undefined : join(folder, 'samples', pictures[0]);
}
