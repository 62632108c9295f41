import { dirname, join, normalize } from 'node:path';
import { IsobathError, reasonOf } from '../../base/errors.ts';
import { companionsOf } from '../../formats/companions.ts';
import { openShapes, pathInside } from '../../formats/manifest.ts';
import { writeOnnx } from '../../formats/onnx/index.ts';
import type { StoreFile } from '../../repository/store.ts';
import type { ResolvedModel } from '../resolve-model.ts';
import type { Draft, Drafted } from './new-manifest.ts';

/** The model file under the name that the directory wants, and what it needs beside it under its own names. */
export async function modelFiles(model: ResolvedModel, draft: Draft): Promise<StoreFile[]> {
  const { file, graph } = model;
  if (file === undefined) return [{ path: draft.model, bytes: writeOnnx(graph) }];
  const companions = await companionsOf(file, { ...openShapes({ ...draft, version: '' }) });
  const taken = companions.find(
    (path) => path === draft.model || /^(manifest\.json|golden(\/|$))/.test(path),
  );
  if (taken !== undefined) {
    const reason = 'has a name that the directory of models needs itself';
    throw IsobathError.of('ISO_ERR_EXTERNAL_DATA', { tensor: 'of the model', file, location: taken, reason });
  }
  const folder = dirname(file);
  return [
    { path: draft.model, from: file },
    ...companions.map((path) => ({ path, from: join(folder, path) })),
  ];
}

/**
 * The files that a manifest names, its sample and golden tensors, under their own names. Throws ISO_ERR_MANIFEST_INVALID where
 * one cannot be read, or has a name that is `taken`.
 */
export async function namedFiles(
  { draft, folder }: Drafted,
  taken: readonly StoreFile[],
): Promise<StoreFile[]> {
  if (folder === undefined) return [];
  const { sample, golden = [] } = draft;
  const named = golden.flatMap(({ inputs, outputs }) => [
    ...Object.values(inputs),
    ...Object.values(outputs),
  ]);
  const files: StoreFile[] = [];
  for (const path of new Set([...(sample === undefined ? [] : [sample]), ...named].map(normalize))) {
    const invalid = (problems: string, cause?: unknown) =>
      IsobathError.of('ISO_ERR_MANIFEST_INVALID', { file: `in ${folder}`, problems }, cause);
    const from = await pathInside(folder, path).catch((error: unknown) => {
      throw invalid(`it names ${path}, which cannot be read: ${reasonOf(error)}`, error);
    });
    if (path === 'manifest.json' || taken.some((other) => other.path === path))
      throw invalid(`it names ${path}, a name that the stored model needs itself: rename that file`);
    files.push({ path, from });
  }
  return files;
}
