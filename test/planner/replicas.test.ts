import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { shippedDevices } from '../../src/estimator/fleet-file.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { fleetOf } from '../../src/estimator/sweep.ts';
import { workersOf } from '../../src/planner/plan.ts';
import { repriced } from '../../src/planner/repriced.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { randomModel } from '../support/random-graph.ts';
import { deployed, heldBy, randomFleet } from './support.ts';

const devices = await shippedDevices();
const pi = devices.get('raspberry-pi-4')!;
const throughput = (strategy: string) => ({ strategy, objective: 'throughput' }) as const;
jest.setTimeout(300_000);

describe('a plan for throughput', () => {
  it('by replica deals the model out over all devices, alike devices alike', () => {
    const fleet = fleetOf(pi, 4, '1gbit');
    const plan = planGraph(deployed('squeezenet'), fleet, throughput('replica'));
    const [{ shards }] = plan.stages as [(typeof plan.stages)[0]];
    expect(workersOf(shards[0]!)).toEqual(['agent-1', 'agent-2', 'agent-3', 'agent-4', 'master']);
    const shares = shards[0]!.replicas!.map(({ share }) => share);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(new Set(shares.slice(0, 4)).size).toBe(1);
    const local = planGraph(deployed('squeezenet'), fleet, { strategy: 'local' });
    expect(local.throughputSeconds / plan.throughputSeconds).toBeGreaterThan(4.9);
  });

  it('counts the run of the engine that the master pays for, where it has a share', () => {
    const { master } = fleetOf(pi, 1, '1gbit');
    const fleet = fleetOf(devices.get('raspberry-pi-3')!, 1, '1gbit');
    const slow = { ...fleet, master: { ...master, compute: { ...pi.compute, secondsPerRun: 0.1 } } };
    const only = { ...fleet, master: { ...master, compute: { ...pi.compute, secondsPerRun: 10 } } };
    const [local, alone, replicas] = [
      planGraph(deployed('squeezenet'), slow, { strategy: 'local' }),
      planGraph(deployed('squeezenet'), only, { strategy: 'replica' }),
      planGraph(deployed('squeezenet'), slow, throughput('replica')),
    ].map(({ throughputSeconds }) => 1 / throughputSeconds);
    expect(replicas).toBeGreaterThan((alone! + local!) * 0.999);
  });

  it('gives a device of twice the speed about twice the share, and one without room none', () => {
    const fleet = fleetOf(pi, 3, '1gbit');
    const { secondsPerMac, secondsPerByte, secondsPerRun } = pi.compute;
    const fast = {
      ...pi.compute,
      secondsPerByte: secondsPerByte / 2,
      secondsPerRun: secondsPerRun / 2,
      secondsPerMac: Object.fromEntries(
        Object.entries(secondsPerMac).map(([kind, points]) => [
          kind,
          points.map((point) => ({ ...point, secondsPerMac: point.secondsPerMac / 2 })),
        ]),
      ) as unknown as typeof secondsPerMac,
    };
    const agents = fleet.agents.map((agent, at) => {
      if (at === 1) return { ...agent, compute: fast };
      return at === 2 ? { ...agent, filterBytesLimit: 1000 } : agent;
    });
    const plan = planGraph(deployed('squeezenet'), { ...fleet, agents }, throughput('replica'));
    const share = new Map(plan.stages[0]!.shards[0]!.replicas!.map((each) => [each.worker, each.share]));
    expect([...share.keys()].sort()).toEqual(['agent-1', 'agent-2', 'master']);
    expect(share.get('agent-2')! / share.get('agent-1')!).toBeCloseTo(2, 5);
  });

  it('reaches its rate in the simulation, on many inferences', () => {
    const fleet = fleetOf(pi, 4, '1gbit');
    for (const strategy of ['replica', 'auto']) {
      const plan = planGraph(deployed('squeezenet'), fleet, throughput(strategy));
      const model = new FleetModel(fleet);
      const { throughput: rate } = simulate(plan, model, { inferences: 200 });
      expect(rate * plan.throughputSeconds).toBeLessThanOrEqual(1 + 1e-9);
      expect(rate * plan.throughputSeconds).toBeGreaterThan(0.9);
      expect(repriced(plan, fleet, 'throughput')).toBeCloseTo(plan.throughputSeconds, 12);
    }
  });

  it.each([
    ['squeezenet', 4, '10mbit'],
    ['mobilenet-v2', 8, '100mbit'],
    ['resnet18', 3, '1gbit'],
  ])('by auto is no slower than by any other strategy: %s on %i at %s', (name, agents, link) => {
    const fleet = fleetOf(pi, agents, link);
    const seconds = STRATEGY_NAMES.map(
      (strategy) => planGraph(deployed(name), fleet, throughput(strategy)).throughputSeconds,
    );
    expect(seconds[STRATEGY_NAMES.indexOf('auto')]).toBe(Math.min(...seconds));
  });

  it('by auto is no slower than by any other strategy: random models and fleets, within their filter limits', () => {
    const limit = fc.constantFrom(400, 4000, 1e9, 1e9);
    fc.assert(
      fc.property(
        randomModel,
        randomFleet(4),
        fc.array(limit, { minLength: 4, maxLength: 4 }),
        ({ graph }, fleet, limits) => {
          const agents = fleet.agents.map((agent, at) => ({ ...agent, filterBytesLimit: limits[at]! }));
          const limited = { ...fleet, agents };
          const model = new FleetModel(limited);
          const auto = planGraph(graph, limited, throughput('auto'));
          for (const [worker, bytes] of heldBy(auto))
            expect(bytes).toBeLessThanOrEqual(model.worker(worker).filterBytesLimit);
          for (const strategy of STRATEGY_NAMES) {
            const other = fitting(() => planGraph(graph, limited, throughput(strategy)).throughputSeconds);
            expect(auto.throughputSeconds).toBeLessThanOrEqual(other);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

function fitting(make: () => number): number {
  try {
    return make();
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
