import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boundOf } from '../../bench/fogbed/bound.ts';
import { quotaOf } from '../../bench/fogbed/cpu.ts';
import { runOf } from '../../bench/fogbed/names.ts';
import { scaledCompute, scaledLinks } from '../../bench/fogbed/scaled.ts';
import { assumedCompute } from '../../src/estimator/assumed.ts';
import type { MeasuredFleet } from '../../src/estimator/measured.ts';

describe('the quota of a share', () => {
  it.each([
    [0.1, 1000, 10_000],
    [0.2, 1000, 5000],
    [0.5, 1000, 2000],
    [1, 1000, 1000],
  ])('is of %d the least in the shortest period', (share, quotaUs, periodUs) => {
    expect(quotaOf(share)).toEqual({ quotaUs, periodUs });
  });

  it('is what the kernel takes, and the share, whatever it is', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1, noNaN: true }), (share) => {
        const { quotaUs, periodUs } = quotaOf(share);
        expect(quotaUs).toBeGreaterThanOrEqual(1000);
        expect(periodUs).toBeLessThanOrEqual(1_000_000);
        expect(Math.abs(quotaUs / periodUs - share)).toBeLessThan(1e-3);
      }),
    );
  });
});

describe('the bound', () => {
  const work = { baselineMs: 1000, inputBytes: 0, outputBytes: 0, rate: 1e8, shared: false };

  it('is the work over all devices, where nothing travels', () => {
    expect(boundOf({ ...work, cpus: [0.1, 0.1, 0.1, 0.1, 0.1] }).boundMs).toBeCloseTo(200);
  });

  it('counts faster agents for more', () => {
    expect(boundOf({ ...work, cpus: [0.1, 0.2, 0.2] }).boundMs).toBeCloseTo(200);
  });

  it('leaves more to the master where the cable is slow', () => {
    // the whole input takes a second, so each does half
    const slow = { ...work, inputBytes: 12.5e6, cpus: [0.1, 0.1, 0.1, 0.1] };
    expect(boundOf(slow).boundMs).toBeCloseTo(500);
    expect(boundOf({ ...slow, outputBytes: 12.5e6 }).boundMs).toBeCloseTo(500);
    expect(boundOf({ ...slow, outputBytes: 12.5e6, shared: true }).boundMs).toBeCloseTo(2000 / 3);
  });

  it('is never above the baseline, nor below the work over all devices', () => {
    const bytes = fc.integer({ min: 0, max: 1e9 });
    const shares = fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 2, maxLength: 9 });
    fc.assert(
      fc.property(bytes, bytes, shares, fc.boolean(), (inputBytes, outputBytes, cpus, shared) => {
        const { boundMs, computeMs } = boundOf({ ...work, inputBytes, outputBytes, cpus, shared });
        expect(boundMs).toBeLessThanOrEqual(1000);
        expect(boundMs).toBeGreaterThanOrEqual(computeMs * (1 - 1e-9));
      }),
    );
  });
});

describe('scaled figures', () => {
  it('are longer by the share, every one of them', () => {
    const figures = { ...assumedCompute(1), secondsPerMessage: 1e-4 };
    const scaled = scaledCompute(figures, 0.1);
    expect(scaled.secondsPerByte).toBeCloseTo(10 * figures.secondsPerByte);
    expect(scaled.secondsPerRun).toBeCloseTo(10 * figures.secondsPerRun);
    expect(scaled.copySecondsPerByte).toBeCloseTo(10 * figures.copySecondsPerByte);
    expect(scaled.secondsPerMessage).toBeCloseTo(1e-3);
    for (const [at, { macs, secondsPerMac }] of figures.secondsPerMac.conv.entries()) {
      const point = scaled.secondsPerMac.conv[at]!;
      expect(point.macs).toBe(macs);
      expect(point.secondsPerMac / secondsPerMac).toBeCloseTo(10);
    }
  });
});

describe('scaled links', () => {
  const fleet = (alpha: number, beta: number, port?: number): MeasuredFleet => {
    const way = { alpha, beta, spread: 0 };
    return {
      master: { id: 'master', compute: assumedCompute(1) },
      agents: ['slow', 'fast'].map((id) => ({
        id,
        compute: assumedCompute(1),
        link: { toAgent: way, fromAgent: way },
      })),
      broker: { kind: 'embedded' },
      chunkBytes: 524_288,
      ...(port === undefined ? {} : { masterPort: { betaOut: port, betaIn: port } }),
    };
  };
  const shares = new Map([
    ['master', 0.1],
    ['slow', 0.1],
    ['fast', 0.5],
  ]);

  it("are longer by what both ends' processors take, and by nothing else", () => {
    // 0.2 ms and 1 ns/byte are processors, of a delay of 5 ms and a wire of 80 ns/byte
    const measured = { free: fleet(5.2e-3, 1e-9, 1e-9), cabled: fleet(5.2e-3, 8.1e-8, 8.1e-8) };
    const { links, limits } = scaledLinks(measured, shares, 5e-3);
    const [slow, fast] = links.map(({ link }) => link.toAgent);
    expect(slow!.alpha).toBeCloseTo(5e-3 + 10 * 2e-4, 9);
    expect(slow!.beta).toBeCloseTo(8e-8 + 10e-9, 12);
    expect(fast!.alpha).toBeCloseTo(5e-3 + 6 * 2e-4, 9);
    expect(fast!.beta).toBeCloseTo(8e-8 + 6e-9, 12);
    expect(limits.masterPort!.betaOut).toBeCloseTo(8e-8 + 10e-9, 12);
  });

  it('share no port where they were not seen to', () => {
    const { limits } = scaledLinks({ free: fleet(2e-4, 1e-9), cabled: fleet(2e-4, 2e-9) }, shares, 0);
    expect(limits).toEqual({});
  });
});

describe('names', () => {
  it.each([
    ['fogbed-4711-agent-1', 4711],
    ['fogbed-4711', 4711],
    ['fogbed-x', undefined],
    ['other-4711-agent', undefined],
    ['fogbed-47x', undefined],
  ])('%s is of the run %s', (name, pid) => {
    expect(runOf(name)).toBe(pid);
  });
});
