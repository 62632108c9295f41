import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { isDistributed } from '../../src/planner/plan.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { randomModel } from '../support/random-graph.ts';

/** A plan by layers has no branches to cut. */
const NAMES = Object.keys(SCHEMES).filter((name) => name !== 'branches');

describe('plans of random graphs that are exact', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  for (const scheme of NAMES) {
    it(`layers cut by ${scheme}: bit-identical to the whole model`, async () => {
      let distributed = 0;
      await fc.assert(
        fc.asyncProperty(
          randomModel,
          // uneven capacities, one agent, and more agents than channels
          fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 9 }),
          async ({ graph, input }, weights) => {
            const inputs = new Map([['x', input]]);
            const workers = weights.map((weight, at) => ({ id: `agent-${at}`, weight }));
            const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme });
            distributed += plan.stages.filter(isDistributed).length;
            const want = await runWhole(engine, graph, inputs);
            const got = await runPlan(engine, graph, plan, inputs);
            for (const [name, tensor] of want) expect(same(got.get(name)!.data, tensor.data)).toBe(true);
          },
        ),
        { numRuns: 40 },
      );
      expect(distributed).toBeGreaterThan(20);
    });
  }
});

/** The same numbers; only the sign of a zero may differ, which no comparison in a network sees. */
function same(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  return (
    a.length === b.length &&
    Array.prototype.every.call(a, (value, at) => value === b[at] && !Number.isNaN(value))
  );
}
