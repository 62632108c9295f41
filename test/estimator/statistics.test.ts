import { describe, expect, it } from '@jest/globals';
import {
  median,
  quantile,
  relativeSpread,
  robustLine,
  weightedMedian,
} from '../../src/estimator/statistics.ts';

describe('robust statistics', () => {
  it('know quantiles between two values', () => {
    expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
    expect(median([5, 1, 9])).toBe(5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
  });

  it('do not see one value that is far off', () => {
    expect(median([10, 10, 10, 10, 1e6])).toBe(10);
    expect(relativeSpread([10, 10, 10, 10, 1e6])).toBe(0);
    expect(relativeSpread([8, 9, 10, 11, 12])).toBeCloseTo(0.1);
    expect(relativeSpread([0, 0, 0])).toBe(0);
  });

  it('weigh', () => {
    const entries = [
      { value: 1, weight: 1 },
      { value: 2, weight: 1 },
      { value: 50, weight: 5 },
    ];
    expect(weightedMedian(entries)).toBe(50);
    expect(weightedMedian(entries.slice(0, 2))).toBe(1);
    expect(weightedMedian([])).toBeNaN();
  });
});

describe('robustLine', () => {
  const sizes = [64, 4096, 65_536, 262_144, 524_288];
  const points = sizes.flatMap((x) => Array.from({ length: 5 }, () => ({ x, y: 0.002 + 1e-8 * x })));

  it('is exact on a line', () => {
    const { intercept, slope, spread } = robustLine(points);
    expect(intercept).toBeCloseTo(0.002, 12);
    expect(slope).toBeCloseTo(1e-8, 16);
    expect(spread).toBeCloseTo(0, 10);
  });

  it('is exact where a fifth of the points is far off', () => {
    const noisy = points.map((point, at) => (at % 5 === 2 ? { ...point, y: point.y + 0.5 } : point));
    const { intercept, slope, spread } = robustLine(noisy);
    expect(intercept).toBeCloseTo(0.002, 12);
    expect(slope).toBeCloseTo(1e-8, 16);
    expect(spread).toBeCloseTo(0, 10);
  });

  it('never says that bytes or messages give time back', () => {
    const falling = [
      { x: 1, y: 3 },
      { x: 2, y: 2 },
    ];
    expect(robustLine(falling)).toMatchObject({ slope: 0, intercept: 3 });
    expect(
      robustLine([
        { x: 100, y: 1 },
        { x: 200, y: 4 },
      ]).intercept,
    ).toBe(0);
  });

  it('has no slope where there is one size', () => {
    expect(
      robustLine([
        { x: 64, y: 2 },
        { x: 64, y: 4 },
      ]),
    ).toMatchObject({ slope: 0, intercept: 3 });
  });
});
