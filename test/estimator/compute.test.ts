import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ComputeModel, gammaAt } from '../../src/estimator/compute.ts';
import type { Work } from '../../src/partition/work.ts';
import { COMPUTE } from './support.ts';

const work = (facts: Partial<Work>): Work => ({
  kind: 'conv3x3',
  macs: 0,
  bytes: 0,
  filterBytes: 0,
  ...facts,
});

describe('γ', () => {
  const gamma = [
    { macs: 1e4, secondsPerMac: 8e-9 },
    { macs: 1e6, secondsPerMac: 2e-9 },
  ];
  it('is constant beyond its points and a power law between them', () => {
    expect(gammaAt(gamma, 10)).toBeCloseTo(8e-9, 15);
    expect(gammaAt(gamma, 1e4)).toBeCloseTo(8e-9, 15);
    // half way on both logarithmic axes
    expect(gammaAt(gamma, 1e5)).toBeCloseTo(4e-9, 15);
    expect(gammaAt(gamma, 1e6)).toBeCloseTo(2e-9, 15);
    expect(gammaAt(gamma, 1e9)).toBeCloseTo(2e-9, 15);
  });

  it('never makes a larger node cheaper, whatever was measured', () => {
    const points = fc
      .uniqueArray(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 5 })
      .chain((sizes) =>
        fc.tuple(
          ...sizes
            .sort((a, b) => a - b)
            .map((macs) =>
              fc.record({
                macs: fc.constant(macs),
                secondsPerMac: fc.double({ min: 1e-12, max: 1e-6, noNaN: true }),
              }),
            ),
        ),
      );
    const size = fc.integer({ min: 1, max: 1e9 });
    fc.assert(
      fc.property(points, size, size, (measured, a, b) => {
        const [small, large] = [Math.min(a, b), Math.max(a, b)];
        const seconds = (macs: number) => macs * gammaAt(measured, macs);
        expect(seconds(large)).toBeGreaterThanOrEqual(seconds(small) * (1 - 1e-9));
      }),
    );
  });
});

describe('a device', () => {
  const model = new ComputeModel({ ...COMPUTE, secondsPerByte: 1e-9, secondsPerRun: 1 });

  it('takes the longer of arithmetic and memory, node by node, and the fixed cost once', () => {
    expect(model.seconds([])).toBe(1);
    expect(model.secondsOf(work({ macs: 100, bytes: 10, filterBytes: 20 }))).toBeCloseTo(100e-9, 15);
    expect(model.secondsOf(work({ kind: 'gemm', macs: 100, bytes: 10, filterBytes: 400 }))).toBeCloseTo(
      410e-9,
      15,
    );
    expect(model.secondsOf(work({ kind: 'pool', bytes: 50 }))).toBeCloseTo(50e-9, 15);
    expect(model.seconds([work({ macs: 100 }), work({ kind: 'pool', bytes: 50 })])).toBeCloseTo(
      1 + 150e-9,
      12,
    );
  });

  it('takes γ of conv for a kind that was not measured', () => {
    const gammas = { conv: COMPUTE.secondsPerMac.conv, depthwise: [{ macs: 1, secondsPerMac: 5e-9 }] };
    const mixed = new ComputeModel({ ...COMPUTE, secondsPerMac: gammas });
    expect(mixed.secondsOf(work({ kind: 'depthwise', macs: 10 }))).toBeCloseTo(50e-9, 15);
    expect(mixed.secondsOf(work({ kind: 'conv1x1', macs: 10 }))).toBeCloseTo(10e-9, 15);
  });
});
