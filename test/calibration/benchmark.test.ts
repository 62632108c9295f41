import { describe, expect, it } from '@jest/globals';
import { benchmark } from '../../src/engine/benchmark.ts';
import { computeProfile } from '../../src/wire/messages/compute-profile.ts';
import { PricedEngine, type Prices } from '../support/priced-engine.ts';

const prices: Prices = {
  runMs: 0.001,
  wayMs: 0.2,
  msPerMac: (op) => (op === 'Gemm' ? 1e-6 : 2e-7),
  msPerByte: 3e-7,
};

describe('benchmark', () => {
  it('finds the prices of an engine, though every sixth run is slow', async () => {
    const engine = new PricedEngine(prices, 6);
    const profile = await benchmark(engine, { now: engine.now });
    for (const [kind, gamma] of Object.entries(profile.secondsPerMac)) {
      for (const { secondsPerMac, spread } of gamma) {
        expect(secondsPerMac / (kind === 'gemm' ? 1e-9 : 2e-10)).toBeCloseTo(1, 3);
        expect(spread).toBeCloseTo(0, 9);
      }
    }
    expect(profile.secondsPerRun).toBeCloseTo(0.000201, 8);
    expect(profile.secondsPerByteOf!.pool! / 3e-10).toBeCloseTo(1, 3);
    expect(profile.secondsPerByteOf!.elementwise! / 3e-10).toBeCloseTo(1, 3);
    expect(profile.measured!.paper.secondsPerMac).toBeGreaterThanOrEqual(2e-10);
    expect(computeProfile(structuredClone(profile), '')).toEqual(profile);
  });

  it('reads the memory rate from the filters of the largest fully connected layer', async () => {
    const engine = new PricedEngine(prices);
    const { secondsPerByte, secondsPerMac } = await benchmark(engine, { now: engine.now });
    const { macs } = secondsPerMac.gemm!.at(-1)!;
    expect(secondsPerByte).toBeCloseTo((macs * 1e-9) / (4 * macs), 11);
  });

  it('leaves out what takes too long, and never the first probe of a kind', async () => {
    const engine = new PricedEngine({ ...prices, msPerMac: () => 1e-3 });
    const { secondsPerMac } = await benchmark(engine, { now: engine.now, longestMs: 100, budgetMs: 2000 });
    const kinds = ['conv', 'conv1x1', 'conv3x3', 'depthwise', 'gemm'];
    expect(Object.keys(secondsPerMac).sort()).toEqual(kinds);
    expect(secondsPerMac.conv3x3).toHaveLength(1);
  });

  it('leaves out what does not fit the memory', async () => {
    const engine = new PricedEngine(prices);
    const small = await benchmark(engine, { now: engine.now, maxProbeBytes: 3e6 });
    expect(small.secondsPerMac.gemm!.map(({ macs }) => macs)).toEqual([256 ** 2, 512 ** 2]);
  });
});
