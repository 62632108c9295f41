import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { IsobathError, reasonOf } from '../../base/errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { LIMITS, ReadContext } from './context.ts';
import { type ReadOptions, readOnnx } from './read.ts';

/**
 * Reads the ONNX model at `file`; external data may lie in its folder. Throws ISO_ERR_MODEL_NOT_FOUND, and what
 * `readOnnx` throws.
 */
export async function loadOnnx(
  file: string,
  options: Omit<ReadOptions, 'file' | 'folder'> = {},
): Promise<Graph> {
  const context = new ReadContext(file);
  let bytes: Uint8Array;
  try {
    const facts = await stat(file);
    if (!facts.isFile()) throw context.malformed(facts.isDirectory() ? 'it is a folder' : 'it is not a file');
    if (facts.size > LIMITS.fileBytes) throw context.fileTooLarge(facts.size);
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof IsobathError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw IsobathError.of('ISO_ERR_MODEL_NOT_FOUND', { model: file }, error);
    }
    throw context.malformed(`it cannot be read: ${reasonOf(error)}`, error);
  }
  return readOnnx(bytes, { ...options, file, folder: path.dirname(file) });
}
