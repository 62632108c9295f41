import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import type { FleetProfile } from '../../src/estimator/profile.ts';
import { stageCost } from '../../src/estimator/stage-cost.ts';
import { runOf } from '../../src/partition/run.ts';
import { rowsExchange } from '../../src/partition/schemes/rows-exchange.ts';
import { MASTER, type Plan } from '../../src/planner/plan.ts';
import { StageList } from '../../src/planner/stages.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { EXCHANGE_IS_FREE } from '../support/legs.ts';
import { type FleetSpec, fleetProfile } from './support.ts';

/** Two convolutions of 4 to 4 channels over 16 x 8: of `n` workers, each sends a row or two to its neighbours. */
const graph = (() => {
  const builder = new GraphBuilder('two', 1);
  const x = builder.input('x', [1, 4, 16, 8]);
  const first = builder.conv('first', x, { channels: 4, kernel: 3, pad: 1 });
  return builder.build([builder.conv('second', first, { channels: 4, kernel: 3, pad: 1 })]);
})();
const run = runOf(graph, graph.nodes);
const ROW = 4 * 8 * 4;

function placedOn(workers: readonly string[]) {
  const cut = rowsExchange.cut(
    run,
    workers.map(() => 1),
    EXCHANGE_IS_FREE,
  );
  return cut.map(({ worker, shard }) => ({ worker: workers[worker]!, shard }));
}

function planOn(fleet: FleetProfile, workers: readonly string[]): Plan {
  const list = new StageList(graph, new FleetModel(fleet));
  list.distributed('rows-exchange', run.nodes, placedOn(workers));
  return list.plan('rows-exchange');
}

const external = (rate: number): Partial<FleetSpec> => {
  const way = { alpha: 0, beta: 8 / rate };
  return { broker: { kind: 'external', masterLink: { toAgent: way, fromAgent: way } } };
};

describe('the price of an exchange, by hand', () => {
  // 1 MB/s on every link, 1 ns per MAC, nothing else costs anything
  const leg = 8 * 8 * 4 * 4 * 9 * 1e-9;
  const second = (bytes: number) => bytes * 1e-6;

  it('two agents: in, a leg, a row to each other over two links, a leg, out', () => {
    const cost = stageCost(new FleetModel(fleetProfile({ agents: 2 })), placedOn(['a0', 'a1']));
    const way = second(9 * ROW) + leg + 2 * second(ROW) + leg + second(8 * ROW);
    expect(cost.seconds).toBeCloseTo(way, 9);
    expect(cost.exchangedBytes).toBe(2 * ROW);
    expect(cost.publishedBytes).toBe((9 + 1 + 8) * 2 * ROW);
    expect(cost.bytes).toBe((9 + 2 + 8) * 2 * ROW);
    // each agent gets its region in two chunks, sends a piece and gets one, and answers in one chunk
    expect(cost.messages).toBe(2 * (2 + 1 + 1 + 1));
  });

  it('an agent and the master: a piece passes one link, on which the results wait for it', () => {
    const cost = stageCost(new FleetModel(fleetProfile({ agents: 1 })), placedOn(['a0', MASTER]));
    expect(cost.exchangedBytes).toBe(2 * ROW);
    expect(cost.bytes).toBe((9 + 2 + 8) * ROW);
    expect(cost.seconds).toBeCloseTo(second(9 * ROW) + leg + second(ROW) + second(8 * ROW), 9);
  });

  it('over a broker elsewhere, no piece between agents takes the link of the master', () => {
    const fleet = (rate: number) => new FleetModel(fleetProfile({ agents: 2, ...external(rate) }));
    const [slow, fast] = [8e6, 8e9].map((rate) => stageCost(fleet(rate), placedOn(['a0', 'a1'])));
    // both ways of what the master itself sends and gets, for two agents at most
    expect(slow!.seconds - fast!.seconds).toBeLessThan(2 * second((9 + 8) * ROW) * 1.01);
    expect(fast!.seconds).toBeGreaterThan(second(9 * ROW) + 2 * leg + 2 * second(ROW) + second(8 * ROW));
  });
});

const fleets = fc.record({
  agents: fc.integer({ min: 2, max: 5 }),
  alpha: fc.constantFrom(0, 1e-4, 2e-3),
  rate: fc.constantFrom(1e6, 8e6, 1e8),
  copy: fc.constantFrom(0, 1e-9),
  message: fc.constantFrom(0, 1e-5),
  master: fc.boolean(),
  elsewhere: fc.boolean(),
});

const fleetFor = (spec: typeof fleets extends fc.Arbitrary<infer T> ? T : never) => {
  const { agents, alpha, rate, copy, message, elsewhere } = spec;
  const compute = { copySecondsPerByte: copy, secondsPerMessage: message, secondsPerRun: 1e-5 };
  return fleetProfile({ agents, alpha, rate, compute, ...(elsewhere ? external(1e8) : {}) });
};
const workersFor = ({ agents, master }: { agents: number; master: boolean }) => [
  ...Array.from({ length: agents }, (_, at) => `a${at}`),
  ...(master ? [MASTER] : []),
];

describe('an exchange', () => {
  it('is never faster on slower links, dearer messages or slower devices', () => {
    fc.assert(
      fc.property(fleets, fc.constantFrom('rate', 'alpha', 'copy', 'message'), (spec, what) => {
        const worse = { ...spec, [what]: what === 'rate' ? spec.rate / 3 : 3 * spec[what] + 1e-9 };
        const seconds = (of: typeof spec) =>
          stageCost(new FleetModel(fleetFor(of)), placedOn(workersFor(of))).seconds;
        expect(seconds(worse)).toBeGreaterThanOrEqual(seconds(spec) * (1 - 1e-12));
      }),
      { numRuns: 200 },
    );
  });

  it('is simulated exactly as it is priced', () => {
    fc.assert(
      fc.property(fleets, (spec) => {
        const fleet = fleetFor(spec);
        const plan = planOn(fleet, workersFor(spec));
        const { latency, busy } = simulate(plan, new FleetModel(fleet));
        expect(latency.p50).toBe(plan.stages[0]!.cost.seconds);
        expect(busy).toEqual(plan.stages[0]!.cost.busy);
      }),
      { numRuns: 100 },
    );
  });

  it('whose messages are lost ends all the same: the master runs alone what cannot go on', () => {
    fc.assert(
      fc.property(fleets, fc.integer({ min: 1, max: 1000 }), (spec, seed) => {
        const fleet = fleetFor(spec);
        const plan = planOn(fleet, workersFor(spec));
        const result = simulate(plan, new FleetModel(fleet), { inferences: 3, loss: 0.3, seed });
        expect(result.inferences).toHaveLength(3);
        for (const { takenOver } of result.inferences)
          expect(takenOver).toBeLessThanOrEqual(plan.stages[0]!.shards.length);
      }),
      { numRuns: 50 },
    );
  });
});
