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

  it('follows a link by the median of what it took, and needs half of it to move', () => {
    const link = (ratios: readonly number[]) => {
      const correction = new Correction();
      const changes = ratios.map((ratio) =>
        correction.observe({
          ...{ worker: 'a', term: 'toAgent' as const, factor: 1 },
          ...{ predictedSeconds: 0.1, measuredSeconds: 0.1 * ratio },
        }),
      );
      return { factor: correction.factor('a', 'toAgent'), changes: changes.filter(Boolean).length };
    };
    const times = (count: number, ratio: (at: number) => number) =>
      Array.from({ length: count }, (_, at) => ratio(at));
    expect(link(times(20, () => 10)).factor).toBeCloseTo(10, 9);
    // every third message is held up by far, and the others scatter around the truth
    const noisy = times(200, (at) => (at % 3 === 0 ? 20 : at % 2 === 0 ? 1.3 : 1 / 1.3));
    expect(link(noisy)).toEqual({ factor: 1, changes: 0 });
    expect(link(times(200, () => 1.45)).changes).toBe(0);
    const there = [...times(20, () => 10), ...times(20, () => 1)];
    expect(link(there)).toEqual({ factor: expect.closeTo(1, 9), changes: 2 });
  });

  it('is told more by what was to take longer', () => {
    for (const term of ['compute', 'toAgent'] as const) {
      const correction = new Correction();
      // three of four are small, and ten times as fast as predicted
      for (let at = 0; at < 80; at += 1) {
        const [predictedSeconds, ratio] = at % 4 === 0 ? [0.3, 2] : [0.003, 0.1];
        const measuredSeconds = ratio * predictedSeconds;
        correction.observe({ worker: 'a', term, predictedSeconds, measuredSeconds, factor: 1 });
      }
      expect(correction.factor('a', term)).toBeGreaterThan(1.7);
      expect(correction.factor('a', term)).toBeLessThanOrEqual(2 + 1e-9);
    }
  });

  it('takes a link of which little was seen to be as far off as the others', () => {
    const correction = new Correction();
    const link = (worker: string, ratio: number, times: number) => {
      for (let at = 0; at < times; at += 1) {
        const seconds = { predictedSeconds: 0.1, measuredSeconds: 0.1 * ratio, factor: 1 };
        correction.observe({ worker, term: 'toAgent', ...seconds });
      }
    };
    const alphas = () => correction.corrected(fleet).agents.map((agent) => agent.link!.toAgent.alpha);
    const { alpha } = assumedLink().toAgent;
    link('a', 4, 4);
    expect(alphas()).toEqual([alpha, alpha]);
    link('a', 4, 1);
    expect(alphas().map((each) => each / alpha)).toEqual([expect.closeTo(4, 9), expect.closeTo(4, 9)]);
    // its own measure, once there is enough of it
    link('b', 1, 5);
    expect(alphas().map((each) => each / alpha)).toEqual([expect.closeTo(4, 9), 1]);
  });

  it('corrects what is asked for alone', () => {
    const correction = new Correction();
    for (const term of ['copy', 'toAgent', 'compute'] as const)
      for (let at = 0; at < 9; at += 1)
        correction.observe({ worker: 'a', term, predictedSeconds: 0.1, measuredSeconds: 0.5, factor: 1 });
    const [a] = correction.corrected(fleet, ['copy']).agents;
    const { secondsPerRun, copySecondsPerByte, secondsPerMessage } = assumedCompute(4);
    expect(a!.compute.copySecondsPerByte / copySecondsPerByte).toBeCloseTo(5, 9);
    expect(a!.compute.secondsPerMessage! / secondsPerMessage!).toBeCloseTo(5, 9);
    expect(a!.compute.secondsPerRun).toBe(secondsPerRun);
    expect(a!.link).toEqual(assumedLink());
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
