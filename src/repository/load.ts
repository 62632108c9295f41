import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IsobathError } from '../base/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { prepareGraph } from '../engine/prepare.ts';
import { loadModel } from '../formats/load-model.ts';
import { type Manifest, openShapes, pathInside, readManifest } from '../formats/manifest.ts';
import { checkAgainstModel } from '../formats/manifest-fit.ts';
import type { Graph } from '../graph/graph.ts';
import { type GoldenCase, readGolden } from './golden.ts';

export interface LoadedVersion {
  /** Simplified, with complete `types`. */
  readonly graph: Graph;
  readonly manifest?: Manifest;
  readonly golden: readonly GoldenCase[];
}

/** Without a manifest the first that is there. */
const MODEL_FILES = ['model.onnx', 'model.json'];

/**
 * Reads the version in `folder`: its manifest.json where it has one, the model that this names, its golden cases. Throws
 * ISO_ERR_MANIFEST_INVALID, also where manifest and model do not fit, ISO_ERR_MODEL_NOT_FOUND, and what readers of models and inputs throw.
 */
export async function loadVersion(folder: string, engine: Engine): Promise<LoadedVersion> {
  const path = join(folder, 'manifest.json');
  const manifest = (await isThere(path)) ? await readManifest(path) : undefined;
  const file = await modelFile(folder, manifest);
  const shapes = manifest ? openShapes(manifest) : {};
  const graph = await prepareGraph(await loadModel(file, { shapes }), engine);
  if (!manifest) return { graph, golden: [] };
  checkAgainstModel(manifest, graph, path);
  return { graph, manifest, golden: await readGolden(folder, manifest, graph) };
}

async function modelFile(folder: string, manifest: Manifest | undefined): Promise<string> {
  const names = manifest ? [manifest.model] : MODEL_FILES;
  for (const name of names) if (await isThere(join(folder, name))) return inFolder(folder, name);
  throw IsobathError.of('ISO_ERR_MODEL_NOT_FOUND', { model: join(folder, names[0]!) });
}

async function inFolder(folder: string, name: string): Promise<string> {
  return pathInside(folder, name).catch((error: unknown) => {
    throw IsobathError.of('ISO_ERR_MODEL_NOT_FOUND', { model: join(folder, name) }, error);
  });
}

/** A folder or a named pipe is none: reading the latter would never end. */
function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
