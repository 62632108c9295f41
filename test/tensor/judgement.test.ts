import { describe, expect, it } from '@jest/globals';
import type { DType } from '../../src/tensor/dtype.ts';
import { boundText, judge } from '../../src/tensor/judgement.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

function y(values: readonly number[], dtype: DType = 'float32') {
  const plain = Tensor.zeros(dtype, [values.length]);
  for (const [at, value] of values.entries()) (plain.data as Float32Array)[at] = value;
  return new Map<string, Tensor>([['y', plain]]);
}

describe('judge', () => {
  it('allows the tolerance of the largest magnitude', () => {
    expect(judge(y([1, 100.4]), y([1, 100]), { tolerance: 0.01 })).toMatchObject({
      ok: true,
      bound: { kind: 'tolerance', output: 'y', limit: 1 },
    });
    expect(judge(y([1, 102]), y([1, 100]), { tolerance: 0.01 }).ok).toBe(false);
  });

  it('allows four times the noise where that is more, and never where the noise is small', () => {
    const noise = (of: number) => ({ tolerance: 1e-4, noise: new Map([['y', of]]) });
    const wanted = y([0, 1e-5]);
    const loud = judge(y([0, 1.02e-5]), wanted, noise(1e-7));
    expect([loud.ok, loud.bound.kind, loud.bound.limit]).toEqual([true, 'noise', 4e-7]);
    expect(boundText(loud.bound, 1e-4)).toBe('4.00e-7 of y, 4 times what rounding does to this model here');
    expect(judge(y([0, 1.05e-5]), wanted, noise(1e-7)).ok).toBe(false);
    const quiet = judge(y([0, 1.02e-5]), wanted, noise(1e-11));
    expect([quiet.ok, quiet.bound.kind]).toEqual([false, 'tolerance']);
  });

  it('allows no more than a tenth of the magnitude, however loud the model is', () => {
    const allowance = { tolerance: 1e-4, noise: new Map([['y', 1]]) };
    expect(judge(y([0, 1.09]), y([0, 1]), allowance).ok).toBe(true);
    expect(judge(y([0, 1.11]), y([0, 1]), allowance).ok).toBe(false);
    expect(judge(y([0, 1e-9]), y([0, 0]), allowance).ok).toBe(false);
  });

  it.each(['int32', 'uint16', 'bool'] as const)('wants equal elements of %s', (dtype) => {
    const allowance = { tolerance: 0.5, noise: new Map([['y', 10]]) };
    expect(judge(y([1, 1], dtype), y([1, 1], dtype), allowance).ok).toBe(true);
    const other = judge(y([1, 0], dtype), y([1, 1], dtype), allowance);
    expect([other.ok, other.bound.kind]).toEqual([false, 'exact']);
    expect(boundText(other.bound, 0.5)).toContain('y holds integers');
    expect(judge(y([1, 0], dtype), y([1, 1], dtype), { tolerance: 1, lossy: true }).ok).toBe(true);
  });

  it('takes quantised elements for magnitudes: by default they are equal, and a step passes where it is allowed', () => {
    const [got, wanted] = [y([200, 101], 'uint8'), y([200, 100], 'uint8')];
    expect(judge(got, wanted, { tolerance: 1e-3 }).ok).toBe(false);
    expect(judge(got, wanted, { tolerance: 0.01 }).ok).toBe(true);
  });

  it('fails where an element is no number, or missing, whatever is allowed', () => {
    const allowance = { tolerance: 1, noise: new Map([['y', 1]]) };
    expect(judge(y([1, Number.NaN]), y([1, 1]), allowance).ok).toBe(false);
    expect(judge(y([1]), y([1, 1]), allowance).ok).toBe(false);
    expect(judge(new Map(), y([1, 1]), allowance).ok).toBe(false);
  });

  it('names the output that is furthest off', () => {
    const both = (a: number, b: number) => new Map([...y([a]), ['z', Tensor.float32([1], [b])]]);
    expect(judge(both(1, 2.5), both(1, 2), { tolerance: 0.1 })).toMatchObject({
      ok: false,
      bound: { output: 'z' },
    });
  });
});
