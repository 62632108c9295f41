import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { planGraph } from '../../src/planner/strategies.ts';
import { randomFleet } from '../planner/support.ts';
import { secondsByAgents } from '../planner/zoo-plans.ts';
import { randomModel } from '../support/random-graph.ts';

jest.setTimeout(300_000);

/** Seconds on the first n, 2n, ... of agents of one kind. */
describe('auto is predicted no slower on twice the agents', () => {
  it.each([
    ['squeezenet', '10mbit'],
    ['squeezenet', '1gbit'],
  ])('%s at %s', async (name, link) => {
    const seconds = await secondsByAgents(name, link);
    expect(seconds).toEqual(seconds.toSorted((a, b) => b - a));
  });

  it('random models on devices of one kind', () => {
    fc.assert(
      fc.property(randomModel, randomFleet(1), fc.constantFrom(1, 2, 3, 5), ({ graph }, fleet, size) => {
        const of = (count: number) => ({
          ...fleet,
          agents: Array.from({ length: count }, (_, at) => ({ ...fleet.agents[0]!, id: `a${at}` })),
        });
        const [few, many] = [size, 2 * size].map(
          (count) => planGraph(graph, of(count), { strategy: 'auto' }).predictedSeconds,
        );
        expect(many! / few! - 1).toBeLessThan(1e-9);
      }),
      { numRuns: 200, seed: -39536084 },
    );
  });

  // whose bytes go out first makes a difference, and the planner tries one order only
  it('random models on a fleet of unlike devices, no slower than without one of them, but for one in 200', () => {
    const losses: number[] = [];
    fc.assert(
      fc.property(randomModel, randomFleet(6), fc.nat(5), ({ graph }, fleet, without) => {
        const agents = fleet.agents.filter((_, at) => at !== without);
        const [few, many] = [{ ...fleet, agents }, fleet].map(
          (of) => planGraph(graph, of, { strategy: 'auto' }).predictedSeconds,
        );
        const loss = many! / few! - 1;
        if (loss > 1e-9) losses.push(loss);
      }),
      { numRuns: 200, seed: 1 },
    );
    expect(losses.length).toBeLessThanOrEqual(1);
    expect(Math.max(0, ...losses)).toBeLessThan(0.05);
  });
});
