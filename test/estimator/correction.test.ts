import { describe, expect, it } from '@jest/globals';
import { assumedCompute, assumedLink } from '../../src/estimator/assumed.ts';
import { Correction } from '../../src/estimator/correction.ts';
import type { MeasuredFleet } from '../../src/estimator/measured.ts';

const fleet: MeasuredFleet = {
  master: { id: 'master', compute: assumedCompute(4) },
  agents: ['a', 'b'].map((id) => ({ id, compute: assumedCompute(4), link: assumedLink() })),
  broker: { kind: 'embedded' },
  chunkBytes: 524_288,
};

const see = (correction: Correction, ratio: number, times = 1) =>
  Array.from({ length: times }, () =>
    correction.observe({ worker: 'a', term: 'compute', predictedSeconds: 0.1, measuredSeconds: 0.1 * ratio }),
  );

describe('Correction', () => {
  it('changes nothing until it has seen something', () => {
    expect(new Correction().corrected(fleet)).toEqual(fleet);
  });

  it('follows a device that is slower than it was, whose predictions it corrects meanwhile', () => {
    const correction = new Correction();
    for (let at = 0; at < 40; at += 1) {
      const predictedSeconds = 0.1 * correction.factor('a', 'compute');
      correction.observe({ worker: 'a', term: 'compute', predictedSeconds, measuredSeconds: 0.2 });
    }
    expect(correction.factor('a', 'compute')).toBeCloseTo(2, 1);
    const { agents, master } = correction.corrected(fleet);
    const [a, b] = agents;
    const gamma = fleet.agents[0]!.compute.secondsPerMac.conv3x3![0]!.secondsPerMac;
    expect(a!.compute.secondsPerMac.conv3x3![0]!.secondsPerMac / gamma).toBeCloseTo(2, 1);
    expect(a!.compute.copySecondsPerByte).toBe(b!.compute.copySecondsPerByte);
    expect([b, a!.link, master]).toEqual([fleet.agents[1], fleet.agents[0]!.link, fleet.master]);
  });

  it('knows predictions of a plan that was made before its last change', () => {
    const correction = new Correction();
    for (let at = 0; at < 60; at += 1) {
      const prediction = { predictedSeconds: 0.1, factor: 1 };
      correction.observe({ worker: 'a', term: 'toAgent', ...prediction, measuredSeconds: 0.3 });
    }
    expect(correction.factor('a', 'toAgent')).toBeCloseTo(3, 5);
    const [a] = correction.corrected(fleet).agents;
    expect(a!.link!.toAgent.beta / assumedLink().toAgent.beta).toBeCloseTo(3, 5);
    expect(a!.link!.fromAgent).toEqual(assumedLink().fromAgent);
  });

  it('leaves plans alone for less than 15 %, and for noise around the truth', () => {
    const correction = new Correction();
    expect(see(correction, 1.14, 100)).not.toContain(true);
    const noisy = new Correction();
    for (let at = 0; at < 100; at += 1) see(noisy, at % 2 === 0 ? 1.3 : 1 / 1.3);
    expect(noisy.factor('a', 'compute')).toBe(1);
  });

  it('hardly sees one hiccup, and stays within bounds', () => {
    const correction = new Correction();
    see(correction, 1, 20);
    see(correction, 1000);
    see(correction, 1, 10);
    expect(correction.factor('a', 'compute')).toBeLessThan(1.35);
    const stuck = new Correction();
    for (let at = 0; at < 100; at += 1) see(stuck, 1000);
    expect(stuck.factor('a', 'compute')).toBeCloseTo(8);
  });

  it('ignores what is no time, and forgets', () => {
    const correction = new Correction({ least: 1 });
    for (const ratio of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(see(correction, ratio)).toEqual([false]);
    }
    expect(see(correction, 2)).toEqual([true]);
    correction.forget('a');
    expect(correction.factor('a', 'compute')).toBe(1);
  });
});
