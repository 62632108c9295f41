import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Event, EventQueue, RANK } from '../../src/estimator/event-queue.ts';
import { chance, DRAW } from '../../src/simulation/chance.ts';

const event = (at: number, rank = 0, order = 0): Event => ({ at, rank, order, run: () => undefined });

function drained(queue: EventQueue): Event[] {
  const out: Event[] = [];
  for (let next = queue.pop(); next; next = queue.pop()) out.push(next);
  return out;
}

describe('the event queue', () => {
  it('gives nothing where nothing is', () => {
    expect(new EventQueue().pop()).toBeUndefined();
  });

  it('gives events by time, then by rank, then by order, however they came', () => {
    const key = fc.tuple(fc.nat(5), fc.nat(3), fc.nat(9));
    fc.assert(
      fc.property(fc.uniqueArray(key, { selector: String }), (keys) => {
        const queue = new EventQueue();
        for (const [at, rank, order] of keys) queue.push(event(at, rank, order));
        const sorted = keys.toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
        expect(drained(queue).map(({ at, rank, order }) => [at, rank, order])).toEqual(sorted);
      }),
    );
  });

  it('takes new events while it is emptied', () => {
    const queue = new EventQueue();
    for (const at of [3, 1]) queue.push(event(at));
    expect(queue.pop()?.at).toBe(1);
    queue.push(event(2));
    expect(drained(queue).map(({ at }) => at)).toEqual([2, 3]);
  });

  it('lets shards end before those that wait for them fire', () => {
    expect(RANK.ended).toBeLessThan(RANK.firing);
  });
});

describe('chance', () => {
  const draws = Array.from({ length: 4000 }, (_, at) =>
    chance(1, at % 40, Math.floor(at / 40), DRAW.ifmLost),
  );

  it('is spread evenly over [0, 1)', () => {
    for (const tenth of Array.from({ length: 10 }, (_, at) => at / 10)) {
      const share = draws.filter((value) => value >= tenth && value < tenth + 0.1).length / draws.length;
      expect(Math.abs(share - 0.1)).toBeLessThan(0.02);
    }
  });

  it('asks each question anew', () => {
    expect(new Set(draws).size).toBeGreaterThan(3990);
    expect(chance(1, 2, 3, DRAW.ifmLost)).not.toBe(chance(1, 2, 3, DRAW.ofmLost));
    expect(chance(1, 2, 3, DRAW.ifmLost)).not.toBe(chance(2, 2, 3, DRAW.ifmLost));
    expect(chance(1, 2, 3, DRAW.ifmLost)).toBe(chance(1, 2, 3, DRAW.ifmLost));
  });
});
