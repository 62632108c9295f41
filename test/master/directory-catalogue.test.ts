import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Logger } from '../../src/base/logger.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { DirectoryCatalogue } from '../../src/master/directory-catalogue.ts';
import { storeVersion } from '../../src/repository/store.ts';
import { coded } from '../support/code.ts';
import { seededGraph, versionFiles, writeFiles } from '../support/repository.ts';
import { temporaryFolder } from '../support/temporary.ts';

/** The timer never fires: the tests look. */
const NEVER = 2 ** 31 - 1;
const engine = new OnnxruntimeEngine({ threads: 1 });

describe('a catalogue of a directory', () => {
  let directory: string;
  let catalogue: DirectoryCatalogue;
  let changes: number;
  let warnings: string[];
  beforeEach(async () => {
    directory = await temporaryFolder();
    changes = 0;
    warnings = [];
    const warn = (_: object, text: string) => warnings.push(text);
    const logger = { ...silentLogger, warn } as unknown as Logger;
    const plan = { strategy: 'local' };
    catalogue = new DirectoryCatalogue({ directory, engine, logger, plan, pollMs: NEVER });
    catalogue.onChanged(() => {
      changes += 1;
    });
  });
  afterEach(() => catalogue.stop());

  const offered = () =>
    Object.fromEntries(
      catalogue.models.map(({ name, versions }) => [name, versions.map(({ version }) => version)]),
    );

  it("offers what is there at the start, and loads it with the master's way of planning", async () => {
    const files = versionFiles(seededGraph(1));
    for (const version of ['2', '10', '9']) await writeFiles(join(directory, 'plates', version), files);
    await writeFiles(join(directory, 'cars'), files);
    await catalogue.start();
    expect(offered()).toEqual({ cars: ['unversioned'], plates: ['10', '9', '2'] });
    const [cars, plates] = catalogue.models;
    expect(await plates!.versions[0]!.load()).toMatchObject({
      name: 'plates',
      version: '10',
      strategy: 'local',
    });
    // its manifest says 1
    expect(await cars!.versions[0]!.load()).toMatchObject({ name: 'cars', version: '1' });
  });

  it('offers a new version when two looks in a row agree on it', async () => {
    await catalogue.start();
    await writeFiles(directory, { 'plates/1/model.onnx': 'half' });
    await catalogue.look();
    expect([offered(), changes]).toEqual([{}, 0]);
    await writeFiles(directory, { 'plates/1/model.onnx': 'half and whole' });
    await catalogue.look();
    expect([offered(), changes]).toEqual([{}, 0]);
    await catalogue.look();
    expect([offered(), changes]).toEqual([{ plates: ['1'] }, 1]);
    await catalogue.look();
    expect(changes).toBe(1);
  });

  it('never sees half of what is stored', async () => {
    await catalogue.start();
    const files = () => [{ path: 'model.onnx', bytes: 'a' }];
    await Promise.all([storeVersion({ directory, model: 'plates', files }), catalogue.look()]);
    await catalogue.look();
    await catalogue.look();
    expect(offered()).toEqual({ plates: ['1'] });
  });

  it('goes on with what it has while a version changes, then offers the other content', async () => {
    await writeFiles(directory, { 'plates/1/model.onnx': 'a' });
    await catalogue.start();
    const before = catalogue.models[0]!.versions[0]!.fingerprint;
    await writeFiles(directory, { 'plates/1/model.onnx': 'another' });
    await catalogue.look();
    expect(catalogue.models[0]!.versions[0]!.fingerprint).toBe(before);
    await catalogue.look();
    expect(catalogue.models[0]!.versions[0]!.fingerprint).not.toBe(before);
  });

  it('gives up what two looks did not find', async () => {
    await writeFiles(directory, {
      'plates/1/model.onnx': 'a',
      'plates/2/model.onnx': 'b',
      'cars/1/model.onnx': 'c',
    });
    await catalogue.start();
    await rm(join(directory, 'plates/2'), { recursive: true });
    await rm(join(directory, 'cars'), { recursive: true });
    await catalogue.look();
    expect(offered()).toEqual({ cars: ['1'], plates: ['2', '1'] });
    await catalogue.look();
    expect([offered(), changes]).toEqual([{ plates: ['1'] }, 1]);
  });

  it('keeps what it has while the directory is away, and says so once', async () => {
    await writeFiles(directory, { 'plates/1/model.onnx': 'a' });
    await catalogue.start();
    await rename(directory, `${directory}-away`);
    for (let look = 0; look < 3; look += 1) await catalogue.look();
    expect([offered(), changes]).toEqual([{ plates: ['1'] }, 0]);
    expect(warnings).toEqual([expect.stringContaining('does not exist')]);
    await rename(`${directory}-away`, directory);
    for (let look = 0; look < 2; look += 1) await catalogue.look();
    expect([offered(), changes]).toEqual([{ plates: ['1'] }, 0]);
  });

  it('tells an entry that cannot be served once, until it is gone', async () => {
    await writeFiles(directory, { 'we ird/1/model.onnx': 'a' });
    await catalogue.start();
    await catalogue.look();
    expect(warnings).toEqual([expect.stringContaining('we ird')]);
  });

  it('does not start without its directory', async () => {
    await rm(directory, { recursive: true });
    await expect(catalogue.start()).rejects.toEqual(coded('ISO_ERR_REPOSITORY_UNREADABLE'));
  });
});
