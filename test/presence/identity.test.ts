import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Identity } from '../../src/presence/identity.ts';

describe('an identity', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isobath-test-'));
    file = join(directory, 'epoch');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('counts starts, whatever the clock says, and has a run of its own in each', async () => {
    const [first, second] = [await Identity.next(file), await Identity.next(file)];
    expect([first.epoch, second.epoch]).toEqual([1, 2]);
    expect(first.run).not.toBe(second.run);
  });

  it('goes on from the count of an earlier version, and from that of a life that it met', async () => {
    await writeFile(file, '1790000000000');
    const identity = await Identity.next(file);
    expect(identity.epoch).toBe(1790000000001);
    await identity.outrank({ state: 'online', epoch: 1800000000000, run: 'other' });
    await identity.outrank({ state: 'online', epoch: 7 });
    await identity.outrank({ state: 'online', epoch: Number.MAX_SAFE_INTEGER });
    expect([identity.epoch, await readFile(file, 'utf8')]).toEqual([1800000000001, '1800000000001']);
  });

  it.each(['', 'x', '-3', '1.5', '9007199254740991'])('begins anew where the file holds %j', async (text) => {
    await writeFile(file, text);
    expect((await Identity.next(file)).epoch).toBe(1);
  });

  it('lives without a file that it may write', async () => {
    expect((await Identity.next(join(directory, 'missing', 'epoch'))).epoch).toBe(1);
  });
});
