import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decades, doublings, fromZero, spread } from '../../src/simulation/report/scale.ts';

describe('axes', () => {
  it('double, with a mark at 1', () => {
    const { ticks, at } = doublings(0.3, 5, 100, 0);
    expect(ticks).toEqual([0.25, 0.5, 1, 2, 4, 8]);
    expect([0.25, 8, 0.001, 99].map(at)).toEqual([100, 0, 100, 0]);
    expect(at(2)).toBeCloseTo(40, 9);
  });

  it('go in tens, and by round numbers from zero', () => {
    expect(decades(0.02, 7, 0, 1).ticks).toEqual([0.01, 0.1, 1, 10]);
    expect(fromZero(17, 0, 1).ticks).toEqual([0, 5, 10, 15, 20]);
    expect(fromZero(0, 0, 1).ticks[0]).toBe(0);
  });

  it('have a length where all values are one', () => {
    expect(doublings(1, 1, 0, 10).at(1)).toBe(0);
    expect(decades(10, 10, 0, 10).at(10)).toBe(0);
  });
});

describe('labels', () => {
  it('are moved apart, in their order, within the plot', () => {
    const places = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 10 });
    fc.assert(
      fc.property(places, (wanted) => {
        const given = spread(wanted, 13, 0, 200);
        const sorted = given.toSorted((a, b) => a - b);
        for (const [at, place] of sorted.entries()) {
          if (at > 0) expect(place - sorted[at - 1]!).toBeGreaterThanOrEqual(13 - 1e-9);
        }
        for (const place of given) expect(place >= -1e-9 && place <= 200 + 1e-9).toBe(true);
        wanted.forEach((a, i) => {
          wanted.forEach((b, j) => {
            if (a < b) expect(given[i]!).toBeLessThan(given[j]!);
          });
        });
      }),
    );
  });

  it('stay where there is room', () => {
    expect(spread([10, 90, 50], 13, 0, 100)).toEqual([10, 90, 50]);
  });
});
