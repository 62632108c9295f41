import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { storeVersion } from '../../src/repository/store.ts';
import { coded } from '../support/code.ts';
import { writeFiles } from '../support/repository.ts';
import { temporaryFolder } from '../support/temporary.ts';

describe('storing a version', () => {
  let directory: string;
  beforeEach(async () => {
    directory = join(await temporaryFolder(), 'models');
  });
  const files = (version: string) => [
    { path: 'model.onnx', bytes: 'model' },
    { path: 'golden/1/x.npy', bytes: Uint8Array.of(1, 2) },
    { path: 'manifest.json', bytes: version },
  ];
  const store = (version?: string) =>
    storeVersion({ directory, model: 'plates', files, ...(version === undefined ? {} : { version }) });

  it('makes the directory, takes the next free number, and tells the manifest', async () => {
    expect(await store()).toEqual({ version: '1', folder: join(directory, 'plates/1') });
    expect((await store('9')).version).toBe('9');
    const { version, folder } = await store();
    expect([version, await readFile(join(folder, 'manifest.json'), 'utf8')]).toEqual(['10', '10']);
    expect(await readFile(join(folder, 'golden/1/x.npy'))).toEqual(Buffer.of(1, 2));
    expect((await readdir(join(directory, 'plates'))).sort()).toEqual(['1', '10', '9']);
  });

  it('never changes a version, and names the next free number', async () => {
    await store('3');
    const again = store('3');
    await expect(again).rejects.toEqual(coded('ISO_ERR_VERSION_EXISTS', 'plates has a version 3'));
    await expect(again).rejects.toMatchObject({ cure: expect.stringContaining('number, 4') });
    await expect(store('v4')).rejects.toEqual(coded('ISO_ERR_USAGE', 'v4'));
    await expect(store('../x')).rejects.toEqual(coded('ISO_ERR_USAGE'));
  });

  it.each(['..', '.', '.hidden', 'a/b', '../outside', ''])(
    'stores nothing under the name %j',
    async (model) => {
      const storing = storeVersion({ directory, model, files });
      await expect(storing).rejects.toEqual(coded('ISO_ERR_USAGE', JSON.stringify(model)));
      await expect(storing).rejects.toMatchObject({ cure: expect.stringContaining('--name') });
      await expect(readdir(directory)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await readdir(dirname(directory))).toEqual([]);
    },
  );

  it('gives each of several at a time a number of its own', async () => {
    const stored = await Promise.all(Array.from({ length: 6 }, () => store()));
    expect(stored.map(({ version }) => Number(version)).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { version, folder } of stored) {
      expect(await readFile(join(folder, 'manifest.json'), 'utf8')).toBe(version);
    }
  });

  it('leaves nothing behind when it fails', async () => {
    const missing = { path: 'data.bin', from: join(directory, 'nothing') };
    const failing = storeVersion({ directory, model: 'plates', files: () => [...files('1'), missing] });
    await expect(failing).rejects.toEqual(coded('ISO_ERR_REPOSITORY_UNWRITABLE', 'ENOENT'));
    expect(await readdir(join(directory, 'plates'))).toEqual([]);
    await writeFiles(directory, { file: '' });
    await expect(storeVersion({ directory, model: 'file', files })).rejects.toEqual(
      coded('ISO_ERR_REPOSITORY_UNWRITABLE'),
    );
  });
});
