import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

/** A file beside a model, as it was when the model was read. */
export interface FileBeside {
  readonly file: string;
  readonly size: number;
}

/**
 * The file that a model names by `location`, in its folder or below it. Symbolic links are followed first: what counts
 * is where the bytes really are. `refuse` makes the error of a reason that completes "which ...".
 */
export function resolveInside(
  folder: string,
  location: string,
  refuse: (reason: string, cause?: unknown) => Error,
): FileBeside {
  let file: string;
  let home: string;
  try {
    home = realpathSync(folder);
    file = realpathSync(path.join(home, location));
  } catch (error) {
    throw refuse('cannot be found', error);
  }
  const [first] = path.relative(home, file).split(path.sep);
  if (first === '..' || first === '' || path.isAbsolute(path.relative(home, file))) {
    throw refuse('leads out of the folder of the model');
  }
  const stat = statSync(file);
  if (!stat.isFile()) throw refuse('is not a file');
  return { file, size: stat.size };
}

/** Bytes [offset, offset + target.length) of the file into `target`. Throws Error where it ends earlier. */
export function readRange(file: string, offset: number, target: Uint8Array): void {
  const handle = openSync(file, 'r');
  try {
    if (!fstatSync(handle).isFile()) throw new Error('it is no longer a file');
    // One read call moves at most 2 GiB, and may move less.
    for (let at = 0; at < target.length; ) {
      const moved = readSync(handle, target, at, Math.min(target.length - at, 2 ** 30), offset + at);
      if (moved === 0) throw new Error(`it ends after ${offset + at} bytes`);
      at += moved;
    }
  } finally {
    closeSync(handle);
  }
}
