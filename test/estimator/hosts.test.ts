import { describe, expect, it } from '@jest/globals';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { type FleetProfile, symmetricLink } from '../../src/estimator/profile.ts';
import { stageCost } from '../../src/estimator/stage-cost.ts';
import { resourceName } from '../../src/simulation/resource-names.ts';
import { fleetProfile, placed } from './support.ts';

/** Two agents, a second of work each; where they run is what matters. */
const shards = [placed({ worker: 'a0', macs: 1e9 }), placed({ worker: 'a1', macs: 1e9 })];

function on(hosts: readonly (string | undefined)[], cores: number, threads = 1): FleetProfile {
  const fleet = fleetProfile({ agents: 2, rate: 8e6 });
  const at = (host: string | undefined) => (host === undefined ? {} : { host: { id: host, cores, threads } });
  const [master, ...others] = hosts;
  return {
    ...fleet,
    master: { ...fleet.master, ...at(master) },
    agents: fleet.agents.map((agent, index) => ({ ...agent, ...at(others[index]) })),
  };
}

const seconds = (fleet: FleetProfile, placement = shards) =>
  stageCost(new FleetModel(fleet), placement).seconds;

describe('parties of one machine', () => {
  it('share its cores: one core does the work of two agents one after the other, two do it at once', () => {
    expect(seconds(on([undefined, 'h', 'h'], 1))).toBeCloseTo(2, 9);
    expect(seconds(on([undefined, 'h', 'h'], 2))).toBeCloseTo(1, 9);
    expect(seconds(on([undefined, 'h', 'h'], 2, 2))).toBeCloseTo(2, 9);
  });

  it('are as fast as ever on machines of their own', () => {
    const alone = seconds(on([undefined, undefined, undefined], 1));
    expect(seconds(on(['m', 'g', 'h'], 1))).toBe(alone);
    expect(new FleetModel(on(['m', 'g', 'h'], 1)).resources).toBe(new FleetModel(on([], 1)).resources);
  });

  it('pass messages by cores, too: there is no wire between them', () => {
    const bytes = [placed({ worker: 'a0', input: 1e6 }), placed({ worker: 'a1', input: 1e6 })];
    // a link of 1 MB/s: a second of processor for each agent's megabyte
    expect(seconds(on(['h', 'h', 'h'], 1), bytes)).toBeCloseTo(2, 9);
    expect(seconds(on(['h', 'h', 'h'], 2), bytes)).toBeCloseTo(1, 9);
    expect(seconds(on(['m', 'h', 'h'], 1), bytes)).toBeCloseTo(1, 2);
  });

  it('take what all links together were seen to take', () => {
    const fleet = on(['h', 'h', 'h'], 4);
    const busy = symmetricLink(8e6 / 3);
    const slower = { ...fleet, agents: fleet.agents.map((a) => ({ ...a, link: { ...a.link!, busy } })) };
    const bytes = [placed({ worker: 'a0', input: 1e6 }), placed({ worker: 'a1', input: 1e6 })];
    // three seconds for a megabyte while the other one's travels too: half of the machine each
    expect(seconds(slower, bytes)).toBeCloseTo(3, 2);
  });

  it('pass the first chunk as one that travels alone does', () => {
    const fleet = on(['h', 'h', 'h'], 4);
    const busy = symmetricLink(8e6 / 3);
    const slower = { ...fleet, agents: fleet.agents.map((a) => ({ ...a, link: { ...a.link!, busy } })) };
    const chunk = [placed({ worker: 'a0', input: 1024 }), placed({ worker: 'a1', input: 1024 })];
    expect(seconds(slower, chunk)).toBe(seconds(fleet, chunk));
  });

  it('limit the throughput by their cores, which people can read', () => {
    const model = new FleetModel(on([undefined, 'h', 'h'], 1));
    const { busy, throughputSeconds } = stageCost(model, shards);
    expect(throughputSeconds).toBeCloseTo(2, 9);
    expect(resourceName(model, busy.indexOf(throughputSeconds))).toBe('cores of host h');
  });
});
