import { describe, expect, it } from '@jest/globals';
import { IsobathError } from '../../src/base/errors.ts';
import { AgentBench } from '../../src/master/agent-bench.ts';
import type { Member } from '../../src/master/fleet.ts';

const error = IsobathError.of('ISO_ERR_DEPLOY_FAILED', { model: 'm', agent: 'a', reason: 'full' });
const member = (id: string, life = 'one') => ({ id, life }) as Member;

describe('agents that could not deploy', () => {
  it('are left out for a time that doubles with each failure, up to ten minutes', () => {
    let now = 0;
    const bench = new AgentBench({ firstMs: 30_000, now: () => now });
    const fleet = [member('a'), member('b')];
    const out = () => fleet.length - bench.without(fleet).length;
    expect([out(), bench.nextMs]).toEqual([0, undefined]);
    const pauses: number[] = [];
    for (let failure = 0; failure < 7; failure += 1) {
      const pause = bench.add('a', 'one', error);
      pauses.push(pause);
      expect([out(), bench.nextMs, [...bench.errors.keys()]]).toEqual([1, pause, ['a']]);
      now += pause;
      expect([out(), bench.nextMs, bench.errors.size]).toEqual([0, undefined, 0]);
    }
    expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
    expect([bench.has('a'), bench.has('b')]).toEqual([true, false]);
    bench.clear('a');
    expect(bench.has('a')).toBe(false);
    expect(bench.add('a', 'one', error)).toBe(30_000);
  });

  it('are let in at once when they restart', () => {
    const bench = new AgentBench({ firstMs: 30_000, now: () => 0 });
    bench.add('a', 'one', error);
    expect(bench.without([member('a', 'two')])).toEqual([member('a', 'two')]);
    expect(bench.errors.size).toBe(0);
  });
});
