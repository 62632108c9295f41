import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PlacedShard } from '../../src/estimator/courses.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { type FleetProfile, portOf, symmetricLink } from '../../src/estimator/profile.ts';
import { stageCost } from '../../src/estimator/stage-cost.ts';
import { fleetProfile, placed, type ShardSpec } from './support.ts';

const seconds = (fleet: FleetProfile, shards: readonly PlacedShard[]) =>
  stageCost(new FleetModel(fleet), shards).seconds;

const rate = fc.constantFrom(1e7, 1e8, 1e9);

/** Fleets with every kind of resource, and one with none but links. */
const fleets = fc
  .record({
    agents: fc.integer({ min: 1, max: 6 }),
    rate,
    alpha: fc.constantFrom(0, 1e-4, 1e-3),
    copy: fc.constantFrom(0, 1e-9, 1e-8),
    perMessage: fc.constantFrom(0, 1e-4),
    port: fc.option(rate),
    medium: fc.option(rate),
    external: fc.boolean(),
    host: fc.option(fc.constantFrom(1, 2, 8)),
  })
  .map(({ agents, rate, alpha, copy, perMessage, port, medium, external, host }) => {
    const fleet = fleetProfile({
      agents,
      rate,
      alpha,
      compute: { copySecondsPerByte: copy, secondsPerMessage: perMessage, secondsPerRun: 1e-4 },
      ...(external ? { broker: { kind: 'external', masterLink: symmetricLink(1e9, alpha) } as const } : {}),
      fleet: {
        chunkBytes: 65_536,
        ...(port === null ? {} : { masterPort: portOf(port) }),
        ...(medium === null ? {} : { sharedMedium: { beta: 8 / medium } }),
      },
    });
    if (host === null) return fleet;
    const at = { host: { id: 'one', cores: host, threads: 1 } };
    const { master, agents: all } = fleet;
    return { ...fleet, master: { ...master, ...at }, agents: all.map((agent) => ({ ...agent, ...at })) };
  });

/** One shard per agent, of one size give or take, as the schemes cut; all read a shared region, or each its own. */
const stages = fc.record({
  shared: fc.boolean(),
  input: fc.integer({ min: 0, max: 2e6 }),
  output: fc.integer({ min: 0, max: 1e6 }),
  macs: fc.integer({ min: 0, max: 1e9 }),
  join: fc.constantFrom('place', 'sum'),
  local: fc.boolean(),
});
type StageSpec = typeof stages extends fc.Arbitrary<infer T> ? T : never;

function shardsOf(
  fleet: FleetProfile,
  spec: StageSpec,
  scale: Partial<Record<keyof ShardSpec, number>> = {},
) {
  const { shared, input, output, macs, join, local } = spec;
  const ids = [...fleet.agents.map(({ id }) => id), ...(local ? ['master'] : [])];
  return ids.map((worker, at) =>
    placed({
      worker,
      [shared ? 'shared' : 'input']: (shared ? input : input + at * 64) * (scale.input ?? 1),
      output: output * (scale.output ?? 1),
      macs: macs * (scale.macs ?? 1),
      join: join as 'place' | 'sum',
    }),
  );
}

const factor = fc.constantFrom(1, 1.01, 1.5, 2, 10);

/** Equal but for rounding. */
const atLeast = (a: number, b: number) => expect(a).toBeGreaterThanOrEqual(b * (1 - 1e-12));

describe('the cost of a stage', () => {
  it('grows with bytes, MACs, α and β', () => {
    fc.assert(
      fc.property(fleets, stages, factor, (fleet, spec, k) => {
        const before = seconds(fleet, shardsOf(fleet, spec));
        for (const fact of ['input', 'output', 'macs'] as const)
          atLeast(seconds(fleet, shardsOf(fleet, spec, { [fact]: k })), before);
        for (const cost of ['alpha', 'beta'] as const)
          atLeast(seconds(scaledLinks(fleet, cost, k), shardsOf(fleet, spec)), before);
      }),
      { numRuns: 1000 },
    );
  });

  it('grows with the copies of a shared region', () => {
    fc.assert(
      fc.property(fleets, stages, (fleet, spec) => {
        const shards = shardsOf(fleet, { ...spec, shared: true, local: false });
        for (let n = 2; n <= shards.length; n += 1)
          atLeast(seconds(fleet, shards.slice(0, n)), seconds(fleet, shards.slice(0, n - 1)));
      }),
      { numRuns: 300 },
    );
  });

  it('is the sum of its terms, none of which is negative', () => {
    fc.assert(
      fc.property(fleets, stages, (fleet, spec) => {
        const cost = stageCost(new FleetModel(fleet), shardsOf(fleet, spec));
        const terms = Object.values(cost.terms);
        expect(terms.reduce((sum, term) => sum + term, 0)).toBeCloseTo(cost.seconds, 12);
        expect(Math.min(...terms)).toBeGreaterThanOrEqual(0);
        expect(cost.throughputSeconds).toBeLessThanOrEqual(cost.seconds * (1 + 1e-12));
      }),
      { numRuns: 1000 },
    );
  });

  it('does not see an agent that has no shard', () => {
    fc.assert(
      fc.property(fleets, stages, (fleet, spec) => {
        const shards = shardsOf(fleet, spec);
        const idle = { ...fleet.agents[0]!, id: 'idle' };
        const { busy: _, ...more } = stageCost(
          new FleetModel({ ...fleet, agents: [...fleet.agents, idle] }),
          shards,
        );
        expect(stageCost(new FleetModel(fleet), shards)).toMatchObject(more);
      }),
    );
  });

  it('of one agent with infinitely fast link and compute is the part of the master', () => {
    fc.assert(
      fc.property(stages, ({ input, output }) => {
        const copy = 1e-8;
        const fleet = fleetProfile({
          agents: 1,
          fleet: { chunkBytes: 1e12 },
          compute: { copySecondsPerByte: copy },
        });
        const free = { toAgent: { alpha: 0, beta: 0 }, fromAgent: { alpha: 0, beta: 0 } };
        const compute = {
          ...fleet.agents[0]!.compute,
          secondsPerMac: { conv: [{ macs: 1, secondsPerMac: 0 }] },
        };
        const agents = [{ id: 'a0', link: free, compute: { ...compute, copySecondsPerByte: 0 } }];
        const cost = seconds({ ...fleet, agents }, [placed({ worker: 'a0', input, output, macs: 1e9 })]);
        expect(cost).toBeCloseTo((input + output) * copy, 12);
      }),
    );
  });

  it('counts the same bytes for agents with an embedded and an external broker', () => {
    fc.assert(
      fc.property(fleets, stages, (fleet, spec) => {
        const shards = shardsOf(fleet, spec);
        const external = { kind: 'external', masterLink: symmetricLink(1e9) } as const;
        const [a, b] = [{ kind: 'embedded' } as const, external].map((broker) =>
          stageCost(new FleetModel({ ...fleet, broker }), shards),
        );
        const count = ({ bytes, publishedBytes, messages }: ReturnType<typeof stageCost>) => ({
          bytes,
          publishedBytes,
          messages,
        });
        expect(count(a!)).toEqual(count(b!));
      }),
    );
  });
});

function scaledLinks(fleet: FleetProfile, cost: 'alpha' | 'beta', factor: number): FleetProfile {
  const agents = fleet.agents.map(({ link, ...agent }) => {
    const { toAgent, fromAgent } = link!;
    const way = (one: typeof toAgent) => ({ ...one, [cost]: one[cost] * factor });
    return { ...agent, link: { ...link!, toAgent: way(toAgent), fromAgent: way(fromAgent) } };
  });
  return { ...fleet, agents };
}
