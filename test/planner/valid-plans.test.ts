import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { FleetModel } from '../../src/estimator/fleet-model.ts';
import { OBJECTIVES } from '../../src/planner/objective.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { randomModel } from '../support/random-graph.ts';
import { heldBy, orderFault, randomFleet } from './support.ts';

const engine = new OnnxruntimeEngine();
beforeAll(() => engine.start());
afterAll(() => engine.stop());

const strategy = fc.constantFrom(...STRATEGY_NAMES);
const objective = fc.constantFrom(...OBJECTIVES);

describe('a plan of any strategy', () => {
  it('has every node once, behind what it reads', () => {
    fc.assert(
      fc.property(
        randomModel,
        randomFleet(5),
        strategy,
        objective,
        ({ graph }, fleet, strategy, objective) => {
          const plan = planGraph(graph, fleet, { strategy, objective });
          expect(orderFault(graph, plan)).toBeUndefined();
          expect(plan.strategy).toBe(strategy);
          const seconds = plan.stages.reduce((sum, { cost }) => sum + cost.seconds, 0);
          expect(plan.predictedSeconds).toBeCloseTo(seconds, 12);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives what the whole model gives, bit by bit', async () => {
    await fc.assert(
      fc.asyncProperty(randomModel, randomFleet(4), strategy, async ({ graph, input }, fleet, strategy) => {
        const inputs = new Map([['x', input]]);
        const whole = await runWhole(engine, graph, inputs);
        const parts = await runPlan(engine, graph, planGraph(graph, fleet, { strategy }), inputs);
        for (const name of graph.outputs) expect(parts.get(name)).toEqual(whole.get(name));
      }),
      { numRuns: 60 },
    );
  });

  it('obeys the filter limits, or says that it cannot', () => {
    const limit = fc.constantFrom(0, 100, 400, 1000, 4000, Number.POSITIVE_INFINITY);
    const limits = fc.array(limit, { minLength: 6, maxLength: 6 });
    let planned = 0;
    fc.assert(
      fc.property(randomModel, randomFleet(5), strategy, objective, limits, ({ graph }, fleet, ...rest) => {
        const [strategy, objective, limits] = rest;
        const limited = {
          ...fleet,
          master: { ...fleet.master, filterBytesLimit: limits[5]! },
          agents: fleet.agents.map((agent, at) => ({ ...agent, filterBytesLimit: limits[at]! })),
        };
        const model = new FleetModel(limited);
        try {
          const plan = planGraph(graph, limited, { strategy, objective });
          planned += 1;
          for (const [worker, bytes] of heldBy(plan))
            expect(bytes).toBeLessThanOrEqual(model.worker(worker).filterBytesLimit);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ISO_ERR_PLAN_MEMORY' });
        }
      }),
      { numRuns: 200 },
    );
    expect(planned).toBeGreaterThan(50);
  });

  it('for throughput lets the busiest be no busier than the plan for latency does', () => {
    fc.assert(
      fc.property(randomModel, randomFleet(4), strategy, ({ graph }, fleet, strategy) => {
        const [latency, throughput] = OBJECTIVES.map((objective) =>
          planGraph(graph, fleet, { strategy, objective }),
        );
        expect(throughput!.throughputSeconds).toBeLessThanOrEqual(latency!.throughputSeconds);
        expect(throughput!.predictedSeconds).toBeGreaterThanOrEqual(latency!.predictedSeconds * 0.97);
      }),
      { numRuns: 60 },
    );
  });
});
