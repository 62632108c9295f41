import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { isInside } from './manifest-check.ts';
import { loadOnnx } from './onnx/index.ts';

/**
 * The files that a model file needs beside it, relative to its folder: the external data of an ONNX model, or the
 * weights that a model.json lists. Throws what the model's reader throws.
 */
export async function companionsOf(
  file: string,
  shapes: Readonly<Record<string, readonly number[]>> = {},
): Promise<string[]> {
  const names = new Set<string>();
  if (extname(file).toLowerCase() === '.json') {
    const { weightsManifest = [] } = JSON.parse(await readFile(file, 'utf8')) as {
      weightsManifest?: readonly { readonly paths?: readonly string[] }[];
    };
    for (const path of weightsManifest.flatMap(({ paths = [] }) => paths))
      if (isInside(path)) names.add(path);
  } else {
    await loadOnnx(file, { shapes, onExternalFile: (name) => names.add(name) });
  }
  return [...names].sort();
}
