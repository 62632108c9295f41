import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { scanRepository } from '../../src/repository/scan.ts';
import { newestFirst, nextVersion, versionNumber } from '../../src/repository/versions.ts';
import { coded } from '../support/code.ts';
import { writeFiles } from '../support/repository.ts';
import { temporaryFolder } from '../support/temporary.ts';

describe('versions', () => {
  it.each(['0', '01', 'v2', '2.1', '-1', '1e3', ' 1', '', '9999999999999999', '.import-x'])(
    '%j is none',
    (name) => expect(versionNumber(name)).toBeUndefined(),
  );

  it('are ordered as numbers: 10 is newer than 9', () => {
    expect(['9', '10', 'unversioned', '1', '100'].sort(newestFirst)).toEqual([
      '100',
      '10',
      '9',
      '1',
      'unversioned',
    ]);
  });

  it('go on after the newest', () => {
    expect([nextVersion([]), nextVersion(['9', '10', '2'])]).toEqual(['1', '11']);
  });
});

describe('a directory of models', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await temporaryFolder();
  });
  const found = async () => {
    const { models, problems } = await scanRepository(directory);
    const versions = [...models].map(([name, stored]) => [name, stored.map(({ version }) => version)]);
    return { models: Object.fromEntries(versions), problems: problems.map(({ message }) => message) };
  };
  const fingerprint = async (model: string) =>
    (await scanRepository(directory)).models.get(model)?.[0]?.fingerprint;

  it('holds numbered versions, and a model without one', async () => {
    await writeFiles(directory, {
      'plates/9/model.onnx': 'a',
      'plates/10/model.json': '{}',
      'plates/10/group1-shard1of1.bin': 'b',
      'cars/model.onnx': 'c',
      'cars/golden/1/input.npy': 'd',
      'both/model.onnx': 'e',
      'both/2/model.onnx': 'f',
      'README.md': 'g',
    });
    expect(await found()).toEqual({
      models: { both: ['2', 'unversioned'], cars: ['unversioned'], plates: ['10', '9'] },
      problems: [],
    });
  });

  it('a version is another one when filters in a folder deep below it change', async () => {
    const deep = 'plates/1/a/b/c/d/e/f/filters.bin';
    await writeFiles(directory, { 'plates/1/model.onnx': 'a', [deep]: 'b' });
    const before = await fingerprint('plates');
    await writeFiles(directory, { [deep]: 'other' });
    expect(await fingerprint('plates')).not.toBe(before);
  });

  it('shows nothing that is hidden or empty: that is how a version is before it is whole', async () => {
    await writeFiles(directory, {
      'plates/1/model.onnx': 'a',
      'plates/.import-12ab/model.onnx': 'b',
      '.trash/1/model.onnx': 'c',
    });
    await mkdir(join(directory, 'plates/2'));
    expect(await found()).toEqual({ models: { plates: ['1'] }, problems: [] });
  });

  it('tells what cannot be served, and serves the rest', async () => {
    const long = 'x'.repeat(129);
    await writeFiles(directory, {
      'plates/1/model.onnx': 'a',
      'loose.onnx': 'b',
      'we ird/1/model.onnx': 'c',
      'line\nend/1/model.onnx': 'd',
      'a+#/1/model.onnx': 'e',
      [`${long}/1/model.onnx`]: 'f',
      'wrong/v1/model.onnx': 'g',
    });
    const { models, problems } = await found();
    expect(models).toEqual({ plates: ['1'] });
    expect(problems.length).toBe(6);
    for (const text of ['loose.onnx', 'we ird', '"line\\nend"', '"a+#"', 'wrong', 'x'.repeat(100)]) {
      expect(problems.some((message) => message.includes(text))).toBe(true);
    }
    expect(problems.join('')).not.toContain('\n');
  });

  it('follows links, but in no circle', async () => {
    const elsewhere = await temporaryFolder();
    await writeFiles(elsewhere, { '1/model.onnx': 'a' });
    await symlink(elsewhere, join(directory, 'linked'));
    await symlink('.', join(elsewhere, '1/self'));
    await symlink('nowhere', join(directory, 'dangling'));
    expect((await found()).models).toEqual({ linked: ['1'] });
  });

  it('with a named pipe in it is looked through all the same', async () => {
    await writeFiles(directory, { 'plates/1/manifest.json': '{}' });
    execFileSync('mkfifo', [join(directory, 'plates/1/model.onnx')]);
    expect((await found()).models).toEqual({ plates: ['1'] });
  });

  it('gives a version another fingerprint when one of its files changes, and only then', async () => {
    await writeFiles(directory, { 'plates/1/model.onnx': 'aaaa', 'plates/1/golden/x.npy': 'b' });
    const first = await fingerprint('plates');
    await writeFiles(directory, { 'plates/1/.hidden': 'c', 'plates/.import-1/model.onnx': 'd' });
    expect(await fingerprint('plates')).toBe(first);
    await utimes(join(directory, 'plates/1/golden/x.npy'), 1, 1);
    const touched = await fingerprint('plates');
    expect(touched).not.toBe(first);
    await writeFile(join(directory, 'other'), 'aaaa');
    await rename(join(directory, 'other'), join(directory, 'plates/1/model.onnx'));
    expect(await fingerprint('plates')).not.toBe(touched);
    await rm(join(directory, 'plates/1'), { recursive: true });
    expect(await fingerprint('plates')).toBeUndefined();
  });

  it('that is not there is an error', async () => {
    await expect(scanRepository(join(directory, 'none'))).rejects.toEqual(
      coded('ISO_ERR_REPOSITORY_UNREADABLE', 'does not exist'),
    );
    await writeFiles(directory, { file: '' });
    await expect(scanRepository(join(directory, 'file'))).rejects.toEqual(
      coded('ISO_ERR_REPOSITORY_UNREADABLE'),
    );
  });
});
