import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { proportionalRanges } from '../../src/partition/ranges.ts';

const weightLists = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 12 });

describe('proportional ranges', () => {
  it.each([
    [10, [1, 1, 1], ['0,4', '4,7', '7,10']],
    [7, [2, 1], ['0,5', '5,7']],
    [2, [1, 1, 1], ['0,1', '1,2', '2,2']],
    [5, [3], ['0,5']],
    [0, [1, 2], ['0,0', '0,0']],
    [4, [0, 1], ['0,0', '0,4']],
    [4, [0, 0], ['0,2', '2,4']],
  ])('of %d by %j are %j', (extent, weights, want) => {
    expect(proportionalRanges(extent, weights).map(String)).toEqual(want);
  });

  it('follow one another from 0 to the end, and are proportional within one unit', () => {
    fc.assert(
      fc.property(fc.nat(2000), weightLists, fc.integer({ min: 1, max: 8 }), (extent, weights, unit) => {
        const ranges = proportionalRanges(extent, weights, unit);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        let end = 0;
        ranges.forEach(([start, stop], at) => {
          expect(start).toBe(end);
          if (stop < extent) expect(stop % unit).toBe(0);
          end = stop;
          const share = total > 0 ? weights[at]! / total : 1 / weights.length;
          const units = Math.ceil((stop - start) / unit);
          expect(Math.abs(units - Math.ceil(extent / unit) * share)).toBeLessThan(1 + 1e-9);
          if (total > 0 && weights[at] === 0) expect(stop).toBe(start);
        });
        expect(end).toBe(extent);
      }),
      { numRuns: 500 },
    );
  });

  it('bear weights of any size: an agent says what it weighs', () => {
    const text = (weights: number[]) => proportionalRanges(8, weights).map(String);
    expect(text([Number.MAX_VALUE, Number.MAX_VALUE])).toEqual(['0,4', '4,8']);
    expect(text([Number.MIN_VALUE, Number.MIN_VALUE])).toEqual(['0,4', '4,8']);
    expect(text([1e300, 1e-300])).toEqual(['0,8', '8,8']);
  });
});
