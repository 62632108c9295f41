import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsobathError } from '../../src/base/errors.ts';
import { type Loading, LoadMarks } from '../../src/base/load-marks.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'isobath-marks-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** As after a start of the process. */
async function started(stamp = 'engine 1', boot?: string): Promise<LoadMarks> {
  const boots = boot === undefined ? [] : [async () => boot];
  const marks = new LoadMarks(join(directory, 'loading'), () => stamp, ...boots);
  await marks.open();
  return marks;
}

function loading(key: string, fields: Partial<Loading> = {}): Loading {
  const refusal = (mark: string) =>
    IsobathError.of('ISO_ERR_VERSION_CRASHED', { model: key, version: '1', mark });
  return { key, refusal, ...fields };
}

/** Begins a load that never ends; resolves when it is under way, with its mark on the disk. */
function begin(marks: LoadMarks, key: string): Promise<void> {
  return new Promise((resolve) => {
    void marks.run(loading(key), () => {
      resolve();
      return new Promise(() => undefined);
    });
  });
}

const states = async () =>
  (await readdir(join(directory, 'loading'))).map((name) => name.split('.').slice(1).join('.')).sort();

describe('LoadMarks', () => {
  it('refuses what was being loaded when the process ended, at each start, until the mark is removed', async () => {
    await begin(await started(), 'bad');
    expect(await states()).toEqual(['loading']);
    for (let start = 0; start < 2; start += 1) {
      const marks = await started();
      const refused = marks.run(loading('bad'), async () => 'loaded');
      await expect(refused).rejects.toMatchObject({ code: 'ISO_ERR_VERSION_CRASHED' });
      expect(await marks.run(loading('good'), async () => 'loaded')).toBe('loaded');
    }
    expect(await states()).toEqual(['crashed']);
    const marks = await started();
    const cure = await marks.run(loading('bad'), async () => '').catch((error: IsobathError) => error.cure);
    await rm(/remove (\S+) and/.exec(cure)![1]!);
    expect(await marks.run(loading('bad'), async () => 'loaded')).toBe('loaded');
  });

  it('leaves no mark of what ends, well or with an error', async () => {
    const marks = await started();
    await marks.run(loading('a'), async () => undefined);
    await expect(marks.run(loading('b'), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await states()).toEqual([]);
  });

  it('marks nothing that has proved itself, as after a power cut in service', async () => {
    const marks = await started();
    await marks.run(loading('a', { proves: true }), async () => undefined);
    await begin(marks, 'a');
    expect(await states()).toEqual(['proven']);
    expect(await (await started()).run(loading('a'), async () => 'loaded')).toBe('loaded');
  });

  it('tries what a power cut interrupted once more, and refuses it where the machine ends again', async () => {
    await begin(await started('engine 1', 'boot 1'), 'slow');
    const second = await started('engine 1', 'boot 2');
    expect(await states()).toEqual(['cut']);
    await begin(second, 'slow');
    const third = await started('engine 1', 'boot 3');
    const refused = third.run(loading('slow'), async () => 'loaded');
    await expect(refused).rejects.toMatchObject({ code: 'ISO_ERR_VERSION_CRASHED' });
  });

  it('refuses what ended the process after a power cut, and forgets the cut where it ends well', async () => {
    await begin(await started('engine 1', 'boot 1'), 'a');
    await begin(await started('engine 1', 'boot 1'), 'b');
    const second = await started('engine 1', 'boot 2');
    expect(await second.run(loading('b', { proves: true }), async () => 'loaded')).toBe('loaded');
    expect(await states()).toEqual(['crashed', 'proven']);
  });

  it('takes its marks away where the process is asked to end', async () => {
    const marks = await started();
    await begin(marks, 'slow');
    await marks.close();
    expect(await states()).toEqual([]);
  });

  it('tries what another version of the engine refused', async () => {
    await begin(await started('engine 1'), 'bad');
    await started('engine 1');
    expect(await (await started('engine 2')).run(loading('bad'), async () => 'loaded')).toBe('loaded');
  });

  it('finds out which of several it was by trying them one after another', async () => {
    const first = await started();
    for (const key of ['a', 'bad', 'c']) await begin(first, key);
    const second = await started();
    const order: string[] = [];
    const a = second.run(loading('a'), async () => order.push('a'));
    const bad = new Promise<void>((resolve) => {
      void second.run(loading('bad'), () => {
        order.push('bad');
        resolve();
        return new Promise(() => undefined);
      });
    });
    void second.run(loading('c'), async () => order.push('c'));
    await a;
    await bad;
    expect(order).toEqual(['a', 'bad']);
    const third = await started();
    await expect(third.run(loading('bad'), async () => '')).rejects.toMatchObject({
      code: 'ISO_ERR_VERSION_CRASHED',
    });
    for (const key of ['a', 'c']) expect(await third.run(loading(key), async () => key)).toBe(key);
  });

  it('guards and stops nothing where it cannot write', async () => {
    const marks = new LoadMarks('/dev/null/loading', () => 'engine 1');
    await marks.open();
    expect(await marks.run(loading('a', { proves: true }), async () => 'loaded')).toBe('loaded');
  });

  it('has its mark on the disk when the process is killed in the middle of a load', async () => {
    const module = new URL('../../dist/base/load-marks.js', import.meta.url).href;
    const program = `
      const { LoadMarks } = await import(${JSON.stringify(module)});
      const marks = new LoadMarks(${JSON.stringify(join(directory, 'loading'))}, () => 'engine 1');
      await marks.open();
      await marks.run({ key: 'bad', refusal: () => new Error() }, () => process.kill(process.pid, 'SIGKILL'));`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
    const refused = (await started()).run(loading('bad'), async () => 'loaded');
    await expect(refused).rejects.toMatchObject({ code: 'ISO_ERR_VERSION_CRASHED' });
  });
});
