import { describe, expect, it } from '@jest/globals';
import { differenceOf } from '../../src/tensor/difference.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

function of(...values: number[]): Map<string, Tensor> {
  return new Map([['y', Tensor.float32([values.length], values)]]);
}

describe('differenceOf', () => {
  it('is the largest distance, and that as a part of the largest magnitude', () => {
    expect(differenceOf(of(1, -8, 3.5), of(1, -8, 3))).toEqual({
      maxAbsDifference: 0.5,
      maxRelativeDifference: 0.0625,
    });
  });

  it('is 0 for equal outputs, NaN and infinity too', () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, 0];
    expect(differenceOf(of(...values), of(...values))).toEqual({
      maxAbsDifference: 0,
      maxRelativeDifference: 0,
    });
  });

  it.each([
    ['an element that is no number', of(Number.NaN, 1), of(1, 1)],
    ['a missing number', of(1, 1), of(Number.NaN, 1)],
    ['another size', of(1), of(1, 1)],
    ['a missing output', new Map(), of(1)],
    ['something where all is 0', of(1e-9), of(0)],
  ])('is infinite for %s', (_, got, wanted) => {
    expect(differenceOf(got, wanted).maxRelativeDifference).toBe(Number.POSITIVE_INFINITY);
  });
});
