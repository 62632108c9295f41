import { readFile, stat } from 'node:fs/promises';
import { IsobathError, reasonOf } from '../base/errors.ts';

/** A file's path, or its content. */
export type Source = string | Uint8Array;

/** 256 MiB: more than any input of a CNN, less than would hurt a gateway. */
const MAX_INPUT_BYTES = 256 * 1024 * 1024;

/** How an error names the input. */
export function nameOf(source: Source): string {
  return typeof source === 'string' ? source : `of ${source.byteLength} bytes`;
}

export function unreadable(source: Source, reason: string, cause?: unknown): IsobathError {
  return IsobathError.of('ISO_ERR_INPUT_UNREADABLE', { file: nameOf(source), reason }, cause);
}

/** Throws ISO_ERR_INPUT_NOT_FOUND, or ISO_ERR_INPUT_UNREADABLE for a folder or what has more than `maxBytes`. */
export async function bytesOfSource(source: Source, maxBytes = MAX_INPUT_BYTES): Promise<Uint8Array> {
  if (typeof source !== 'string') {
    if (source.byteLength > maxBytes) throw unreadable(source, `the limit is ${maxBytes} bytes`);
    return source;
  }
  try {
    const stats = await stat(source);
    if (!stats.isFile()) throw unreadable(source, 'it is not a file');
    if (stats.size > maxBytes) {
      throw unreadable(source, `it has ${stats.size} bytes, the limit is ${maxBytes}`);
    }
    return await readFile(source);
  } catch (error) {
    if (error instanceof IsobathError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw IsobathError.of('ISO_ERR_INPUT_NOT_FOUND', { file: source }, error);
    }
    throw unreadable(source, reasonOf(error), error);
  }
}
