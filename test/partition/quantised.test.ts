import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { isDistributed } from '../../src/planner/plan.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { FORMATS, randomQuantised } from '../support/random-quantised.ts';

/** A plan by layers has no branches to cut. */
const PLACING = ['output-depth', 'rows', 'columns', 'tiles', 'rows-exchange', 'replica'];
const SUMMING = Object.keys(SCHEMES).filter((name) => !PLACING.includes(name) && name !== 'branches');

describe.each(FORMATS)('random quantised models (%s)', (format) => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each([...PLACING, ...SUMMING])('cut by %s: every bit as the whole model as it came', async (scheme) => {
    let distributed = 0;
    await fc.assert(
      fc.asyncProperty(
        randomQuantised(format),
        // uneven capacities, one agent, and more agents than channels
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }),
        async ({ graph: model, input }, weights) => {
          const inputs = new Map([['x', input]]);
          const graph = inferTypes(simplify(inferTypes(model)));
          const workers = weights.map((weight, at) => ({ id: `agent-${at}`, weight }));
          const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme });
          distributed += plan.stages.filter(isDistributed).length;
          const want = await runWhole(engine, inferTypes(model), inputs);
          const got = await runPlan(engine, graph, plan, inputs);
          for (const [name, { data }] of want) expect(got.get(name)!.data).toEqual(data);
        },
      ),
      { numRuns: 20 },
    );
    const sums = format === 'dynamic' && scheme !== 'depth-chain' && SUMMING.includes(scheme);
    if (sums || PLACING.includes(scheme)) expect(distributed).toBeGreaterThan(5);
    // what is rounded to a byte has no partial sums, and the range of a whole feature map stands between two layers
    else expect(distributed).toBe(0);
  });
});
