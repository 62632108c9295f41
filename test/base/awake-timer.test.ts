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

  it('lets data that waits be read before it ends', () => {
    const order: string[] = [];
    afterAwake(
      10,
      () => order.push('late'),
      () => now,
    );
    setTimeout(() => setImmediate(() => order.push('read')), 10);
    now = 10_000;
    jest.advanceTimersByTime(9);
    expect(order).toEqual([]);
    jest.advanceTimersByTime(20);
    expect(order).toContain('late');
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
