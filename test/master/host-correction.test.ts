import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/base/logger.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import type { MeasuredFleet } from '../../src/estimator/measured.ts';
import { HostCorrection, LEARNT_FROM, PACE_FROM, WARM_UP } from '../../src/master/host-correction.ts';
import type { StageReport } from '../../src/master/stage-times.ts';
import type { Plan } from '../../src/planner/plan.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { zooModel } from '../../src/zoo/zoo.ts';
import { fleetProfile } from '../estimator/support.ts';

const { graph } = zooModel('squeezenet');
const NEEDED = WARM_UP + LEARNT_FROM;

function fleetOn(...hosts: readonly [master: string, agent: string]): MeasuredFleet {
  const at = (id: string) => ({ host: { id, cores: 2, threads: 1 } });
  const { master, agents, ...rest } = fleetProfile({
    agents: 2,
    rate: 1e9,
    compute: { copySecondsPerByte: 1e-10, secondsPerRun: 1e-4 },
    fleet: { chunkBytes: 512 * 1024 },
  });
  return {
    ...rest,
    master: { ...master, ...at(hosts[0]) },
    agents: agents.map((agent) => ({ ...agent, ...at(hosts[1]) })),
  };
}

const depth = (fleet: MeasuredFleet) => planGraph(graph, fleet, { strategy: 'depth' });

function secondsOf(plan: Plan, fleet: MeasuredFleet): number[] {
  return simulate(plan, new FleetModel(fleet)).stages.map(({ terms }) =>
    Object.values(terms).reduce((sum, each) => sum + each, 0),
  );
}

/** Every stage took so many times what was predicted. */
function reports(plan: Plan, fleet: MeasuredFleet, times: number): StageReport[] {
  const terms = { partitionMs: 0, transmitMs: 0, edgeMs: 0, receiveMs: 0, joinMs: 0 };
  return secondsOf(plan, fleet).map((seconds, at) => {
    const { name, scheme, shards } = plan.stages[at]!;
    return { name, scheme, shards: shards.length, bytes: 0, times: terms, totalMs: 1000 * times * seconds };
  });
}

function correctionOf(fleet: MeasuredFleet) {
  const seen = { changes: 0 };
  const onChange = () => {
    seen.changes += 1;
  };
  return { seen, correction: new HostCorrection({ measured: () => fleet, logger: silentLogger, onChange }) };
}

describe('what stages take on a machine that all share', () => {
  it('corrects what is predicted of them, and of another plan', async () => {
    const fleet = fleetOn('h', 'h');
    const plan = depth(fleet);
    const { seen, correction } = correctionOf(fleet);
    for (let run = 1; run < NEEDED; run += 1) correction.observe(plan, reports(plan, fleet, 2));
    await correction.settled();
    expect([seen.changes, correction.corrected(fleet)]).toEqual([0, fleet]);
    correction.observe(plan, reports(plan, fleet, 2));
    await correction.settled();
    expect([seen.changes, correction.isInForce]).toEqual([1, true]);
    const sum = (of: readonly number[]) => of.reduce((all, each) => all + each, 0);
    for (const each of [plan, planGraph(graph, fleet, { strategy: 'depth', scheme: 'input-depth' })]) {
      const ratio = sum(secondsOf(each, correction.corrected(fleet))) / sum(secondsOf(each, fleet));
      expect(ratio).toBeGreaterThan(1.7);
      expect(ratio).toBeLessThan(2.3);
    }
  });

  it('is kept at the pace of the machine, of which plans hear nothing', async () => {
    const fleet = fleetOn('h', 'h');
    const plan = depth(fleet);
    const { seen, correction } = correctionOf(fleet);
    for (let run = 0; run < NEEDED; run += 1) correction.observe(plan, reports(plan, fleet, 2));
    await correction.settled();
    const before = correction.corrected(fleet);
    const ratios = () => {
      const was = secondsOf(plan, before);
      return secondsOf(plan, correction.corrected(fleet)).map((seconds, at) => seconds / was[at]!);
    };
    for (let run = 0; run < PACE_FROM; run += 1) correction.observe(plan, reports(plan, before, 1.05));
    expect(ratios().every((ratio) => ratio === 1)).toBe(true);
    for (let run = 0; run < PACE_FROM; run += 1) correction.observe(plan, reports(plan, before, 1.4));
    for (const ratio of ratios()) expect(ratio).toBeCloseTo(1.4, 6);
    expect(seen.changes).toBe(1);
  });

  it('is learnt anew when the machine is measured anew', async () => {
    const fleet = fleetOn('h', 'h');
    const plan = depth(fleet);
    const { correction } = correctionOf(fleet);
    for (let run = 0; run < NEEDED; run += 1) correction.observe(plan, reports(plan, fleet, 2));
    await correction.settled();
    correction.forget();
    expect([correction.isInForce, correction.corrected(fleet)]).toEqual([false, fleet]);
  });

  it('is dropped where the machine is measured while factors are sought', async () => {
    const fleet = fleetOn('h', 'h');
    const plan = depth(fleet);
    const { seen, correction } = correctionOf(fleet);
    for (let run = 0; run < NEEDED; run += 1) correction.observe(plan, reports(plan, fleet, 2));
    correction.forget();
    await correction.settled();
    expect([seen.changes, correction.isInForce]).toEqual([0, false]);
  });

  it.each([
    ['another machine than the master', fleetOn('g', 'h')],
    ['machines that nobody named', { ...fleetOn('h', 'h'), master: fleetProfile({}).master }],
  ])('says nothing of agents on %s', async (_, fleet) => {
    const plan = depth(fleet);
    const { seen, correction } = correctionOf(fleet);
    for (let run = 0; run < NEEDED; run += 1) correction.observe(plan, reports(plan, fleet, 2));
    await correction.settled();
    expect([seen.changes, correction.corrected(fleet)]).toEqual([0, fleet]);
  });
});
