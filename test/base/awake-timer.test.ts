import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { afterAwake } from '../../src/base/awake-timer.ts';

describe('a deadline in time that this process ran', () => {
  let now: number;
  let ended: number;
  beforeEach(() => {
    now = 0;
    ended = 0;
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const begin = (ms: number) =>
    afterAwake(
      ms,
      () => {
        ended += 1;
      },
      () => now,
    );
  const run = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      now += 10;
      jest.advanceTimersByTime(10);
    }
  };

  it('ends when it is due', () => {
    begin(1000);
    run(990);
    expect(ended).toBe(0);
    run(20);
    expect(ended).toBe(1);
  });

  it('does not count a stop of the process for more than one step, however often it is stopped', () => {
    begin(2000);
    for (let stop = 0; stop < 3; stop += 1) {
      now += 10_000;
      run(250);
    }
    expect(ended).toBe(0);
    run(2000);
    expect(ended).toBe(1);
  });

  it('can be called off', () => {
    begin(300)();
    const end = begin(250);
    now += 250;
    end();
    run(1000);
    expect(ended).toBe(0);
  });
});

it('reads what waits before a deadline ends that fell due while the process was stopped', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [peer] = (await once(server, 'connection')) as [Socket];
  const order: string[] = [];
  peer.on('data', () => order.push('read'));
  const late = new Promise<void>((resolve) => {
    afterAwake(20, () => {
      order.push('late');
      resolve();
    });
  });
  client.write('x');
  // the process stands still for longer than the deadline
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  await late;
  expect(order).toEqual(['read', 'late']);
  client.destroy();
  peer.destroy();
  server.close();
});
