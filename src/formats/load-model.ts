import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Graph } from '../graph/graph.ts';
import { loadOnnx } from './onnx/load.ts';
import type { ReadOptions } from './onnx/read.ts';
import { loadTfjs } from './tfjs/load.ts';

export type LoadOptions = Pick<ReadOptions, 'shapes' | 'float16'>;

/** The file that holds the model: of a folder, its model.json. */
export async function modelFileOf(path: string): Promise<string> {
  const folder = await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  return folder ? join(path, 'model.json') : path;
}

/**
 * Reads an ONNX file, a TensorFlow.js model.json, or the folder of one, told apart by content. Throws what `loadOnnx`
 * and `loadTfjs` throw.
 */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<Graph> {
  const file = await modelFileOf(path);
  if (file !== path || (await beginsAsText(file))) return loadTfjs(file, options);
  return loadOnnx(file, options);
}

/** True for JSON, and for the web page that is delivered in its place: neither { [ nor < begins a protobuf message. */
async function beginsAsText(file: string): Promise<boolean> {
  if (/\.json$/i.test(file)) return true;
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(64), 0, 64, 0);
      return /^(\xef\xbb\xbf)?\s*[[{<]/.test(Buffer.from(buffer.subarray(0, bytesRead)).toString('latin1'));
    } finally {
      await handle.close();
    }
  } catch {
    // Whoever reads it next says what is wrong with it.
    return false;
  }
}
