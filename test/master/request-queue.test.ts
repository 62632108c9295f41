import { describe, expect, it } from '@jest/globals';
import { RequestQueue } from '../../src/master/request-queue.ts';
import { coded } from '../support/code.ts';

describe('the queue of requests', () => {
  /** Work that ends when it is told to. */
  function gate() {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { opened, open };
  }

  it('runs so many at a time, in order, and refuses what is more than may wait', async () => {
    const queue = new RequestQueue({ concurrency: 2, queue: 1 });
    const gates = [gate(), gate(), gate()];
    const begun: number[] = [];
    const runs = gates.map(({ opened }, at) =>
      queue.run(`r${at}`, async () => {
        begun.push(at);
        await opened;
      }),
    );
    await expect(queue.run('r3', async () => 1)).rejects.toEqual(coded('ISO_ERR_MASTER_BUSY'));
    expect(begun).toEqual([0, 1]);
    gates[1]!.open();
    await runs[1];
    await Promise.resolve();
    expect(begun).toEqual([0, 1, 2]);
    for (const { open } of gates) open();
    await Promise.all(runs);
    expect(await queue.run('r4', async () => 4)).toBe(4);
  });

  it('goes on after work that fails', async () => {
    const queue = new RequestQueue({ concurrency: 1 });
    const failing = queue.run('r0', () => Promise.reject(new Error('no')));
    const next = queue.run('r1', async () => 1);
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe(1);
  });

  it('lets what runs end when it is closed, and refuses the rest by name', async () => {
    const queue = new RequestQueue({ concurrency: 1 });
    const { opened, open } = gate();
    const running = queue.run('r0', async () => opened.then(() => 'done'));
    const waiting = queue.run('r1', async () => 1);
    queue.close();
    await expect(waiting).rejects.toEqual(coded('ISO_ERR_MASTER_STOPPED', 'r1'));
    await expect(queue.run('r2', async () => 2)).rejects.toEqual(coded('ISO_ERR_MASTER_STOPPED', 'r2'));
    open();
    expect(await running).toBe('done');
  });
});
