import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  axisRegion,
  fitsWithin,
  isWhole,
  regionShape,
  regionSize,
  runsOf,
  sameRegion,
  sizeOf,
  wholeRegion,
} from '../../src/tensor/region.ts';
import { indicesIn, offsetOf, regionOf } from '../support/regions.ts';

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
const boxes = shapes.chain((shape) => fc.tuple(fc.constant(shape), regionOf(shape, { empty: true })));

describe('a region', () => {
  it('is made of runs that hold its elements in row-major order, each once', () => {
    fc.assert(
      fc.property(boxes, ([shape, region]) => {
        const runs = runsOf(shape, region);
        const got: number[] = [];
        for (let run = 0; run < runs.count; run += 1)
          for (let at = 0; at < runs.length; at += 1) got.push(runs.offsetOf(run) + at);
        expect(got).toEqual([...indicesIn(region)].map((index) => offsetOf(shape, index)));
      }),
      { numRuns: 400 },
    );
  });

  it('is one run where it is a range of channels of an N=1 NCHW tensor', () => {
    const runs = runsOf([1, 6, 4, 5], axisRegion([1, 6, 4, 5], 1, [2, 4]));
    expect([runs.count, runs.length, runs.offsetOf(0)]).toEqual([1, 40, 40]);
    expect(runsOf([2, 6, 4, 5], axisRegion([2, 6, 4, 5], 1, [2, 4])).count).toBe(2);
  });

  it('is one run of one element in a scalar', () => {
    const runs = runsOf([], []);
    expect([runs.count, runs.length, runs.offsetOf(0), sizeOf([]), regionSize([])]).toEqual([1, 1, 0, 1, 1]);
  });

  it('knows its shape and size, and whether it is whole', () => {
    fc.assert(
      fc.property(boxes, ([shape, region]) => {
        expect(regionSize(region)).toBe([...indicesIn(region)].length);
        expect(sizeOf(regionShape(region))).toBe(regionSize(region));
        expect(fitsWithin(region, shape)).toBe(true);
        expect(isWhole(region, shape)).toBe(sameRegion(region, wholeRegion(shape)));
      }),
    );
  });

  it.each([
    [[[0, 1]], [1, 1]],
    [[[-1, 1]], [2]],
    [[[2, 1]], [3]],
    [[[0, 4]], [3]],
  ] as const)('%j does not fit within %j', (region, shape) => {
    expect(fitsWithin(region, shape)).toBe(false);
  });
});
