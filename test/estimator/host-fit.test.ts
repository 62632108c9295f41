import { describe, expect, it } from '@jest/globals';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { type HostFactors, onHost } from '../../src/estimator/host-factors.ts';
import { type HostEvidence, hostFit } from '../../src/estimator/host-fit.ts';
import type { FleetProfile } from '../../src/estimator/profile.ts';
import { stageSeconds } from '../../src/estimator/stage-cost.ts';
import { finished } from '../../src/planner/steps.ts';
import { fleetProfile, placed } from './support.ts';

/** Stages from those that hardly compute to those that hardly send. */
const STAGES = [1e4, 1e5, 1e6, 4e6].flatMap((bytes) =>
  [1e5, 1e7, 1e8, 1e9].map((macs) =>
    ['a0', 'a1'].map((worker) => placed({ worker, macs, input: bytes, output: bytes / 4 })),
  ),
);

function shared(): FleetProfile {
  const { master, agents, ...rest } = fleetProfile({ agents: 2, rate: 8e9 });
  const host = { id: 'h', cores: 2, threads: 1 };
  return { ...rest, master: { ...master, host }, agents: agents.map((agent) => ({ ...agent, host })) };
}

const priced = (fleet: FleetProfile) => STAGES.map((stage) => stageSeconds(new FleetModel(fleet), stage));

function evidence(measuredSeconds: readonly number[]): HostEvidence {
  const kinds = new Set(STAGES.flat().flatMap(({ shard }) => shard.work.map(({ kind }) => kind)));
  return { measuredSeconds, predictedSeconds: (factors) => priced(onHost(shared(), 'h', factors)), kinds };
}

function worst(factors: HostFactors, measured: readonly number[]): number {
  const predicted = priced(onHost(shared(), 'h', factors));
  return Math.max(...predicted.map((seconds, at) => Math.abs(seconds / measured[at]! - 1)));
}

describe('factors of a machine', () => {
  it('of 1 change no price', () => {
    expect(priced(onHost(shared(), 'h', {}))).toEqual(priced(shared()));
    expect(priced(onHost(shared(), 'h', { agentCompute: 1, copy: 1 }))).toEqual(priced(shared()));
  });

  it('are those of its parties alone', () => {
    expect(onHost(shared(), 'other', { agentCompute: 3, toAgentByte: 3 })).toEqual(shared());
  });

  it('make a kind slower that has no γ of its own', () => {
    const { conv1x1, conv } = onHost(shared(), 'h', { conv1x1: 2 }).agents[0]!.compute.secondsPerMac;
    expect(conv1x1![0]!.secondsPerMac).toBeCloseTo(2 * conv[0]!.secondsPerMac, 18);
  });
});

describe('hostFit', () => {
  it.each<HostFactors>([
    { agentCompute: 1.8 },
    { toAgentByte: 3, fromAgentByte: 3 },
    { agentCompute: 0.6, toAgentByte: 2, copy: 2 },
  ])('finds factors that predict a machine of %p', (truth) => {
    const measured = priced(onHost(shared(), 'h', truth));
    expect(worst({}, measured)).toBeGreaterThan(0.3);
    expect(worst(finished(hostFit([evidence(measured)])), measured)).toBeLessThan(0.1);
  });

  it('leaves what was measured as it is where that predicts well', () => {
    const factors = finished(hostFit([evidence(priced(shared()))]));
    expect(Object.values(factors).every((factor) => factor === 1)).toBe(true);
  });

  it('is not misled by a few stages that met a hiccup', () => {
    const truth = priced(onHost(shared(), 'h', { agentCompute: 1.8 }));
    const measured = truth.map((seconds, at) => (at % 5 === 0 ? 6 : 1) * seconds);
    expect(worst(finished(hostFit([evidence(measured)])), truth)).toBeLessThan(0.3);
  });

  it('has no factors of kinds that nobody ran, and none beyond its bounds', () => {
    const factors = finished(hostFit([evidence(priced(shared()).map((seconds) => 1e4 * seconds))]));
    expect(factors).not.toHaveProperty('depthwise');
    expect(Math.max(...Object.values(factors))).toBeLessThanOrEqual(16.001);
  });
});
