import { createHash } from 'node:crypto';
import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { BlobCache } from '../../src/agent/blob-cache.ts';
import { coded } from '../support/code.ts';
import { temporaryFolder } from '../support/temporary.ts';

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const blobOf = (size: number, fill = 1) => {
  const bytes = new Uint8Array(size).fill(fill);
  return { bytes, sha256: hashOf(bytes) };
};

describe('the cache of programs and filters', () => {
  let directory: string;
  let cache: BlobCache;
  beforeEach(async () => {
    directory = join(await temporaryFolder(), 'blobs');
    cache = new BlobCache({ directory, maxBytes: 1000 });
    await cache.open();
  });

  async function put({ bytes, sha256 }: { bytes: Uint8Array; sha256: string }): Promise<void> {
    const writer = await cache.create(sha256);
    const half = bytes.length >> 1;
    await writer.write(half, bytes.subarray(half));
    await writer.write(0, bytes.subarray(0, half));
    await writer.commit();
  }

  it('holds what was written in any order, also after a restart', async () => {
    const blob = blobOf(300);
    expect(await cache.holds(blob.sha256, 300)).toBe(false);
    await put(blob);
    expect(new Uint8Array(await readFile(cache.path(blob.sha256)))).toEqual(blob.bytes);
    const again = new BlobCache({ directory });
    await again.open();
    expect(await again.holds(blob.sha256, 300)).toBe(true);
    expect(await again.hasFile(blob.sha256, 300)).toBe(true);
    expect(await again.hasFile(blob.sha256, 299)).toBe(false);
  });

  it('does not take other content than the name promises', async () => {
    const writer = await cache.create(blobOf(10).sha256);
    await writer.write(0, blobOf(10, 2).bytes);
    await expect(writer.commit()).rejects.toEqual(coded('ISO_ERR_BLOB_CORRUPT'));
    expect(await readdir(directory)).toEqual([]);
  });

  it.each([
    ['was changed', (file: string) => writeFile(file, blobOf(300, 9).bytes)],
    ['was cut short', (file: string) => truncate(file, 200)],
  ])('removes a file that %s', async (_, damage) => {
    const blob = blobOf(300);
    await put(blob);
    await damage(cache.path(blob.sha256));
    expect(await cache.holds(blob.sha256, 300)).toBe(false);
    expect(await readdir(directory)).toEqual([]);
  });

  it('forgets what an earlier run or an abort left half-written', async () => {
    const writer = await cache.create(blobOf(10).sha256);
    await writer.write(0, new Uint8Array(4));
    const open = new BlobCache({ directory });
    expect(await readdir(directory)).toHaveLength(1);
    await open.open();
    expect(await readdir(directory)).toEqual([]);
    await writer.abort();
    const other = await cache.create(blobOf(11).sha256);
    await other.abort();
    expect(await readdir(directory)).toEqual([]);
  });

  it('trims the blobs unused for longest, but none that is kept or being written', async () => {
    const blobs = [1, 2, 3, 4].map((fill) => blobOf(400, fill));
    for (const [at, blob] of blobs.entries()) {
      await put(blob);
      await utimes(cache.path(blob.sha256), 1000 + at, 1000 + at);
    }
    const writer = await cache.create(blobOf(5).sha256);
    await cache.holds(blobs[1]!.sha256, 400);
    await cache.trim(new Set([blobs[0]!.sha256]));
    const left = (await readdir(directory)).filter((name) => !name.endsWith('.part'));
    expect(left.sort()).toEqual([blobs[0]!.sha256, blobs[1]!.sha256].sort());
    await writer.abort();
  });

  it('says which directory cannot be used', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const broken = new BlobCache({ directory: join(file, 'blobs') });
    await expect(broken.open()).rejects.toEqual(coded('ISO_ERR_CACHE_UNUSABLE', file));
    await rm(directory, { recursive: true });
    await expect(cache.create(blobOf(1).sha256)).rejects.toEqual(coded('ISO_ERR_CACHE_UNUSABLE', directory));
    await expect(cache.trim(new Set())).rejects.toEqual(coded('ISO_ERR_CACHE_UNUSABLE', directory));
  });

  it('says so, too, when the directory goes away under a blob that is complete', async () => {
    const blob = blobOf(10);
    const writer = await cache.create(blob.sha256);
    await writer.write(0, blob.bytes);
    await rm(directory, { recursive: true });
    await expect(writer.commit()).rejects.toEqual(coded('ISO_ERR_CACHE_UNUSABLE', directory));
  });
});
