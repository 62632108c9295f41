import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { IsobathError, reasonOf } from '../base/errors.ts';

export interface BlobCacheOptions {
  readonly directory: string;
  /** Blobs unused for longest go when the cache is larger. Default: 8 GiB. */
  readonly maxBytes?: number;
}

/** A blob that arrives: written at its place, checked against its name at the end. */
export interface BlobWriter {
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Throws ISO_ERR_BLOB_CORRUPT, and keeps nothing, where the content is not what the name promises. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** Programs and filters on disk, each in a file named by the SHA-256 of its bytes; they survive a restart. */
export class BlobCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  #serial = 0;

  constructor(options: BlobCacheOptions) {
    this.#directory = options.directory;
    this.#maxBytes = options.maxBytes ?? 8 * 2 ** 30;
  }

  /** Throws ISO_ERR_CACHE_UNUSABLE. Removes what an earlier run left half-written. */
  async open(): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true });
      for (const name of await readdir(this.#directory)) {
        if (name.endsWith('.part')) await rm(join(this.#directory, name), { force: true });
      }
      const probe = this.#file('probe.part');
      await (await open(probe, 'w')).close();
      await rm(probe);
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  path(sha256: string): string {
    return this.#file(sha256);
  }

  /** True where the blob is here and its content is what its name promises; a damaged one is removed. */
  async holds(sha256: string, bytes: number): Promise<boolean> {
    const file = this.#file(sha256);
    const found = await stat(file).catch(() => undefined);
    if (!found) return false;
    if (found.size === bytes && (await hashOf(file)) === sha256) {
      const now = new Date();
      await utimes(file, now, now).catch(() => undefined);
      return true;
    }
    await rm(file, { force: true });
    return false;
  }

  /** As `holds`, but trusts the content: for a blob that was checked since the start. */
  async hasFile(sha256: string, bytes: number): Promise<boolean> {
    return (await stat(this.#file(sha256)).catch(() => undefined))?.size === bytes;
  }

  async create(sha256: string): Promise<BlobWriter> {
    const file = this.#file(`${sha256}.${this.#serial++}.part`);
    const usable = <T>(work: Promise<T>) =>
      work.catch((error: unknown) => {
        throw this.#unusable(error);
      });
    const handle = await usable(open(file, 'w'));
    return {
      write: async (offset, bytes) => {
        await usable(handle.write(bytes, 0, bytes.length, offset));
      },
      commit: async () => {
        await usable(handle.close());
        const content = await usable(hashOf(file));
        if (content !== sha256) {
          await rm(file, { force: true });
          throw IsobathError.of('ISO_ERR_BLOB_CORRUPT', { blob: sha256 });
        }
        await usable(rename(file, this.#file(sha256)));
      },
      abort: async () => {
        await handle.close().catch(() => undefined);
        await rm(file, { force: true });
      },
    };
  }

  /** Removes the blobs that were unused for longest until the cache fits its limit; those in `keep` stay. */
  async trim(keep: ReadonlySet<string>): Promise<void> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      throw this.#unusable(error);
    });
    const files = await Promise.all(names.map(async (name) => ({ name, ...(await this.#ageOf(name)) })));
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, bytes } of files.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= this.#maxBytes) return;
      if (keep.has(name) || name.endsWith('.part')) continue;
      await rm(this.#file(name), { force: true });
      total -= bytes;
    }
  }

  async #ageOf(name: string): Promise<{ bytes: number; usedMs: number }> {
    const found = await stat(this.#file(name)).catch(() => undefined);
    return { bytes: found?.size ?? 0, usedMs: found?.mtimeMs ?? 0 };
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  #unusable(error: unknown): IsobathError {
    const details = { directory: this.#directory, reason: reasonOf(error) };
    return IsobathError.of('ISO_ERR_CACHE_UNUSABLE', details, error);
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
