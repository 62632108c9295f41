import { describe, expect, it } from '@jest/globals';
import { shippedDevices } from '../../src/estimator/fleet-file.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { fleetOf } from '../../src/estimator/sweep.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { dataflowOf } from '../../src/planner/dataflow.ts';
import type { Plan } from '../../src/planner/plan.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import type { SimulationOptions } from '../../src/simulation/options.ts';
import { simulate } from '../../src/simulation/simulate.ts';
import { zooModel } from '../../src/zoo/zoo.ts';

const devices = await shippedDevices();
const graphOf = (name: string) => inferTypes(simplify(inferTypes(zooModel(name).graph)));
const squeezenet = graphOf('squeezenet');
const vgg16 = graphOf('vgg16');

interface Case {
  readonly graph?: Graph;
  readonly strategy?: string;
  readonly agents?: number;
  readonly link?: string;
}

const known = new Map<string, { plan: Plan; model: FleetModel }>();

/** Plans the same case once. */
function planned(of: Case) {
  const { graph = squeezenet, strategy = 'auto', agents = 4, link = '1gbit' } = of;
  const key = [graph.nodes.length, strategy, agents, link].join();
  let made = known.get(key);
  if (!made) {
    const fleet = fleetOf(devices.get('raspberry-pi-4')!, agents, link);
    made = { plan: planGraph(graph, fleet, { strategy }), model: new FleetModel(fleet) };
    known.set(key, made);
  }
  return made;
}

const run = (of: Case, options?: SimulationOptions) => {
  const { plan, model } = planned(of);
  return simulate(plan, model, options);
};

/** Every stage of the plan as a plan of its own. */
const alone = (plan: Plan): Plan[] =>
  plan.stages.map((stage) => ({ ...plan, stages: [{ ...stage, index: 0 }] }));

const LINKS = ['10mbit', 'wifi:54mbit', '1gbit'];
const CASES = LINKS.flatMap((link) =>
  STRATEGY_NAMES.filter((name) => name !== 'deepthings').map((strategy) => ({ link, strategy })),
);

describe('the time of one inference', () => {
  it.each(CASES)('of one stage is exactly what the estimator says: %j', (of) => {
    const { plan, model } = planned(of);
    for (const each of alone(plan)) {
      const { cost } = each.stages[0]!;
      const { latency, stages, busy } = simulate(each, model);
      expect(latency.p50).toBe(cost.seconds);
      expect(stages[0]!.terms).toMatchObject({ retry: 0, partition: cost.terms.partition });
      expect(stages[0]!.terms.join).toBeCloseTo(cost.terms.join, 12);
      expect(busy).toEqual(cost.busy);
    }
  });

  it.each(CASES)('of a plan is at most that of its stages, one after another: %j', (of) => {
    const { plan, model } = planned(of);
    const { latency, stages } = simulate(plan, model);
    expect(latency.max).toBeLessThanOrEqual(plan.predictedSeconds * (1 + 1e-9));
    expect(latency.max).toBeGreaterThanOrEqual(Math.max(...plan.stages.map(({ cost }) => cost.seconds)));
    expect(stages.map(({ name }) => name)).toEqual(plan.stages.map(({ name }) => name));
  });

  it.each(['auto', 'depth', 'rows'])('of a chain of layers is the sum: VGG16 by %s', (strategy) => {
    const { plan, model } = planned({ graph: vgg16, strategy });
    const chained = dataflowOf(plan).shards.every(({ stage, dependencies }) => {
      return stage.index === 0 || dependencies === plan.stages[stage.index - 1]!.shards.length;
    });
    const { p50 } = simulate(plan, model).latency;
    if (chained) expect(p50).toBeCloseTo(plan.predictedSeconds, 9);
    else expect(p50).toBeLessThan(plan.predictedSeconds);
  });
});

describe('many inferences', () => {
  it('take the same time each, where one is over before the next is asked for', () => {
    const alone = run({}).latency.p50;
    const { latency, throughput } = run({}, { inferences: 10, rate: 0.5 / alone });
    expect(latency.max).toBeCloseTo(alone, 9);
    expect(throughput).toBeLessThan(0.6 / alone);
  });

  it.each(CASES)('never end faster than the busiest resource serves them: %j', (of) => {
    const { plan, model } = planned(of);
    for (const inferences of [1, 5, 20]) {
      const { throughput, busy } = simulate(plan, model, { inferences });
      expect(throughput).toBeLessThanOrEqual((1 + 1e-9) / plan.throughputSeconds);
      expect(Math.max(...busy)).toBeCloseTo(inferences * plan.throughputSeconds, 6);
    }
  });

  it('overlap: together they are faster than one by one', () => {
    const one = run({ strategy: 'rows' });
    const many = run({ strategy: 'rows' }, { inferences: 20 });
    expect(many.throughput).toBeGreaterThan(1.05 * one.throughput);
    expect(many.latency.p50).toBeGreaterThan(one.latency.p50);
    expect(many.busiest.utilization).toBeGreaterThan(one.busiest.utilization);
  });

  it('wait where only so many may run', () => {
    const alone = run({}).latency.p50;
    const { latency, inferences } = run({}, { inferences: 4, inFlight: 1 });
    expect(latency.max).toBeCloseTo(4 * alone, 9);
    expect(inferences.map(({ ended }) => ended / alone)).toEqual(
      [1, 2, 3, 4].map((n) => expect.closeTo(n, 6)),
    );
  });
});

describe('what goes wrong', () => {
  const bad: SimulationOptions = {
    inferences: 20,
    inFlight: 2,
    loss: 0.01,
    stragglers: { share: 0.2, factor: 3 },
    load: 0.3,
    seed: 7,
  };

  it('is the same for the same seed, and another for another one', () => {
    expect(run({}, bad)).toEqual(run({}, bad));
    expect(run({}, { ...bad, seed: 8 }).inferences).not.toEqual(run({}, bad).inferences);
  });

  it.each(['auto', 'depth', 'rows'])('only makes it slower, ever more: %s', (strategy) => {
    const { plan, model } = planned({ strategy });
    const mean = (options: SimulationOptions) =>
      simulate(plan, model, { inferences: 20, inFlight: 1, ...options }).latency.mean;
    const rising = (values: number[]) => {
      expect(values).toEqual(values.toSorted((a, b) => a - b));
      expect(values.at(-1)).toBeGreaterThan(values[0]!);
    };
    rising([0, 0.01, 0.05, 0.2].map((loss) => mean({ loss })));
    rising([1, 2, 10].map((factor) => mean({ stragglers: { share: 0.2, factor } })));
    rising([0, 0.1, 0.5].map((share) => mean({ stragglers: { share, factor: 3 } })));
    rising([0, 0.3, 0.8].map((load) => mean({ load })));
  });

  it('a lost message costs the deadline, and the master runs the shard', () => {
    const { plan: whole, model } = planned({ strategy: 'depth' });
    const plan = alone(whole).find(({ stages }) => stages[0]!.shards.length === 4)!;
    const { latency, inferences, stages } = simulate(plan, model, { loss: 1 });
    const usual = plan.stages[0]!.cost.seconds;
    expect(inferences).toMatchObject([{ takenOver: 4 }]);
    expect(stages[0]!.terms.retry).toBeCloseTo(Math.max(2, 6 * usual), 9);
    expect(latency.p50).toBeGreaterThan(Math.max(2, 6 * usual));
    const soon = simulate(plan, model, { loss: 1, deadlines: { minMs: 100, maxMs: 100 } });
    expect(soon.stages[0]!.terms.retry).toBeCloseTo(0.1, 9);
  });

  it('a plan of the master alone has neither losses nor stragglers', () => {
    expect(run({ strategy: 'local' }, { ...bad, load: 0 }).inferences).toEqual(
      run({ strategy: 'local' }, { inferences: 20, inFlight: 2 }).inferences,
    );
  });
});
