import { describe, expect, it } from '@jest/globals';
import { ended, startCli } from '../support/cli.ts';

describe('isobath plan --actual', () => {
  it('lays what was calibrated, predicted and measured side by side', async () => {
    const args = ['plan', 'street', '--actual', '--runs', '3', '--json'];
    const { code, stdout, stderr } = await ended(startCli(args));
    expect([code, stderr]).toEqual([0, '']);
    const { stages, ...actual } = JSON.parse(stdout);
    expect(actual).toEqual({
      ...{ model: 'street', strategy: 'depth', basis: 'corrected', learnt: 38, runs: 3 },
      medianAbsoluteError: expect.any(Number),
      calibratedError: expect.any(Number),
      calibratedMs: expect.any(Number),
      predictedMs: expect.any(Number),
      measuredMs: expect.any(Number),
    });
    const shares = stages.map(({ predictedMs, calibratedMs, measuredMs, spread, ...rest }: Stage) => {
      expect(rest).toEqual({ name: expect.any(String), scheme: expect.any(String) });
      for (const ms of [predictedMs, calibratedMs, measuredMs]) expect(ms).toBeGreaterThan(0);
      expect(spread).toBeGreaterThanOrEqual(0);
      return {
        predicted: Math.abs(measuredMs - predictedMs) / measuredMs,
        calibrated: Math.abs(measuredMs - calibratedMs) / measuredMs,
      };
    });
    expect(actual.medianAbsoluteError).toBeCloseTo(middle(shares.map((share: Share) => share.predicted)), 9);
    expect(actual.calibratedError).toBeCloseTo(middle(shares.map((share: Share) => share.calibrated)), 9);
    expect(stages.map(({ scheme }: Stage) => scheme)).toContain('output-depth');
    // corrected figures are not the calibrated ones
    expect(stages.some(({ predictedMs, calibratedMs }: Stage) => predictedMs !== calibratedMs)).toBe(true);
  }, 240_000);
});

interface Share {
  readonly predicted: number;
  readonly calibrated: number;
}

interface Stage {
  readonly name: string;
  readonly scheme: string;
  readonly predictedMs: number;
  readonly calibratedMs: number;
  readonly measuredMs: number;
  readonly spread: number;
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}
