import { describe, expect, it } from '@jest/globals';
import { SendWindow } from '../../src/transport/send-window.ts';

function gate() {
  const sends: string[] = [];
  const open = new Map<string, () => void>();
  const send = (name: string) => () =>
    new Promise<void>((resolve) => {
      sends.push(name);
      open.set(name, resolve);
    });
  return { sends, open: (name: string) => open.get(name)!(), send };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('SendWindow', () => {
  it('admits in turn as bytes settle', async () => {
    const window = new SendWindow(10);
    const { sends, open, send } = gate();
    const all = [4, 6, 9, 1].map((bytes, at) => window.run(bytes, send(String(at))));
    await turn();
    expect(sends).toEqual(['0', '1']);
    open('0');
    await turn();
    expect(sends).toEqual(['0', '1']); // the third does not fit, and the fourth does not overtake it
    open('1');
    await turn();
    expect(sends).toEqual(['0', '1', '2', '3']);
    open('2');
    open('3');
    await Promise.all(all);
    expect(window.idle).toBe(true);
  });

  it('bounds the number of messages', async () => {
    const window = new SendWindow(10, 2);
    const { sends, open, send } = gate();
    const all = ['a', 'b', 'c'].map((name) => window.run(0, send(name)));
    await turn();
    expect(sends).toEqual(['a', 'b']);
    for (const name of ['a', 'b', 'c']) {
      open(name);
      await turn();
    }
    await Promise.all(all);
  });

  it('lets one message through that is larger than it', async () => {
    await expect(new SendWindow(10).run(99, async () => 'sent')).resolves.toBe('sent');
  });

  it('goes on after a failure', async () => {
    const window = new SendWindow(1);
    const failed = window.run(1, () => Promise.reject(new Error('no')));
    const next = window.run(1, async () => 'sent');
    await expect(failed).rejects.toThrow('no');
    await expect(next).resolves.toBe('sent');
  });

  it('turns away those who wait', async () => {
    const window = new SendWindow(1);
    const { open, send } = gate();
    const first = window.run(1, send('a'));
    const second = window.run(1, send('b'));
    window.rejectWaiting(new Error('closed'));
    await expect(second).rejects.toThrow('closed');
    open('a');
    await first;
  });
});
