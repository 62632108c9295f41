import { type FileBeside, readRange, resolveInside } from '../beside.ts';
import { isInside } from '../manifest-check.ts';
import type { TfjsContext } from './context.ts';

/** The shards of one group of weights: files that are one run of bytes, cut anywhere, also within a weight. */
export class ShardFiles {
  /** For an error. */
  readonly names: string;
  readonly #files: readonly (FileBeside & { readonly start: number })[];

  /** Throws ISO_ERR_EXTERNAL_DATA where a file is missing, elsewhere, or all have not `byteLength` bytes together. */
  constructor(paths: readonly string[], byteLength: number, weight: string, context: TfjsContext) {
    const [first = 'no shard'] = paths;
    this.names = paths.length > 1 ? `"${first}" to "${paths.at(-1)}"` : `"${first}"`;
    let start = 0;
    this.#files = paths.map((path) => {
      const refuse = (reason: string, cause?: unknown) => context.shard(weight, `"${path}"`, reason, cause);
      if (!isInside(path)) throw refuse('is not a path inside the folder of the model');
      const file = { ...resolveInside(context.folder, path, refuse), start };
      start += file.size;
      return file;
    });
    if (start === byteLength) return;
    const has = paths.length > 1 ? 'have together' : 'has';
    const relation = start < byteLength ? 'fewer' : 'more';
    const reason = `${has} ${start} bytes, ${relation} than the ${byteLength} that the model names`;
    throw context.shard(weight, this.names, reason);
  }

  /** Bytes [offset, offset + length) of the run. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (const { file, size, start } of this.#files) {
      const from = Math.max(offset, start);
      const to = Math.min(offset + length, start + size);
      if (from < to) readRange(file, from - start, bytes.subarray(from - offset, to - offset));
    }
    return bytes;
  }
}
