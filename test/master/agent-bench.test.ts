import { describe, expect, it } from '@jest/globals';
import { IsobathError } from '../../src/base/errors.ts';
import { AgentBench } from '../../src/master/agent-bench.ts';
import type { Member } from '../../src/master/fleet.ts';

const error = IsobathError.of('ISO_ERR_DEPLOY_FAILED', { model: 'm', agent: 'a', reason: 'full' });
const member = (id: string, epoch = 1) => ({ id, epoch }) as Member;

describe('agents that could not deploy', () => {
  it('are left out for a time that doubles with each failure, up to ten minutes', () => {
    let now = 0;
    const bench = new AgentBench(() => now);
    const fleet = [member('a'), member('b')];
    const out = () => fleet.length - bench.without(fleet).length;
    expect([out(), bench.nextMs]).toEqual([0, undefined]);
    const pauses: number[] = [];
    for (let failure = 0; failure < 7; failure += 1) {
      const pause = bench.add('a', 1, error);
      pauses.push(pause);
      expect([out(), bench.nextMs, [...bench.errors.keys()]]).toEqual([1, pause, ['a']]);
      now += pause;
      expect([out(), bench.nextMs, bench.errors.size]).toEqual([0, undefined, 0]);
    }
    expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
    bench.clear('a');
    expect(bench.add('a', 1, error)).toBe(30_000);
  });

  it('are let in at once when they restart', () => {
    const bench = new AgentBench(() => 0);
    bench.add('a', 1, error);
    expect(bench.without([member('a', 2)])).toEqual([member('a', 2)]);
    expect(bench.errors.size).toBe(0);
  });
});
