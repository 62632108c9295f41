import { describe, expect, it } from '@jest/globals';
import { type BusyRounds, fitLink, sharedLimits, withoutMasterLink } from '../../src/estimator/link-fit.ts';
import { symmetricLink } from '../../src/estimator/profile.ts';

const line = (alpha: number, beta: number) =>
  [64, 4096, 65_536, 524_288].flatMap((x) => [0, 0, 0].map((noise) => ({ x, y: alpha + beta * x + noise })));

describe('fitLink', () => {
  it('tells the two ways apart by their slopes, and halves what they have in common', () => {
    const link = fitLink({ there: line(0.004, 2e-7), back: line(0.004, 5e-8) });
    expect(link.toAgent.alpha).toBeCloseTo(0.002, 10);
    expect(link.fromAgent.alpha).toBeCloseTo(0.002, 10);
    expect(link.toAgent.beta).toBeCloseTo(2e-7, 14);
    expect(link.fromAgent.beta).toBeCloseTo(5e-8, 14);
  });
});

describe('withoutMasterLink', () => {
  it('leaves what the agent adds, and never nothing', () => {
    const whole = symmetricLink(8e6, 0.003);
    const rest = withoutMasterLink(whole, symmetricLink(32e6, 0.001));
    expect(rest.toAgent.alpha).toBeCloseTo(0.002, 10);
    expect(rest.toAgent.beta).toBeCloseTo(0.75e-6, 12);
    expect(withoutMasterLink(whole, symmetricLink(1e6, 1)).fromAgent).toMatchObject({
      alpha: 0.003 / 20,
      beta: 1e-6 / 20,
    });
  });
});

describe('sharedLimits', () => {
  const links = Array.from({ length: 4 }, () => symmetricLink(100e6, 0.0005));
  const bytes = 2 ** 18;
  const alone = 0.001 + bytes * links[0]!.toAgent.beta;
  const rounds = (out: number, back: number, both: number): BusyRounds => ({
    out: [{ bytes, seconds: out }],
    in: [{ bytes, seconds: back }],
    both: [{ bytes, seconds: both }],
  });

  it('finds nothing where links do not disturb each other', () => {
    expect(sharedLimits(links, rounds(alone, alone, alone))).toEqual({});
    expect(sharedLimits(links.slice(1, 2), rounds(9, 9, 9))).toEqual({});
  });

  it('finds the network card of the master', () => {
    const shared = 0.001 + 4 * bytes * 1e-7;
    const { masterPort, sharedMedium } = sharedLimits(links, rounds(shared, shared, shared));
    expect(sharedMedium).toBeUndefined();
    expect(masterPort?.betaOut).toBeCloseTo(1e-7, 12);
    expect(masterPort?.betaIn).toBeCloseTo(1e-7, 12);
  });

  it('finds a medium that both ways share', () => {
    const shared = 0.001 + 4 * bytes * 1e-7;
    const { masterPort, sharedMedium } = sharedLimits(links, rounds(shared, shared, 2 * shared));
    expect(masterPort).toBeUndefined();
    expect(sharedMedium?.beta).toBeCloseTo(1e-7, 12);
  });
});
