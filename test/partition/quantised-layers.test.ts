import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { difference } from '../support/onnxruntime.ts';
import { QUANTISED_LAYERS } from '../support/quantised-layers.ts';

/** Capacities that share the axes evenly, unevenly, and among more agents than blocks. */
const FLEETS = [
  [1, 1],
  [1, 2, 1, 1],
  [3, 1, 2, 1, 1, 1, 2],
];
const schemes = Object.keys(SCHEMES).filter((name) => name !== 'replica' && name !== 'branches');

/** Sums of float32 are added in another order than in the whole; those of int32 have its bits. */
const sums = (scheme: string) => scheme === 'input-depth' || scheme === 'depth-grid';

describe.each(Object.entries(QUANTISED_LAYERS))('%s', (_, make) => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it('is cut by the schemes that fit, and each gives every bit of the whole', async () => {
    const { graph: model, input, cutBy } = make();
    const inputs = new Map([['x', input]]);
    const [want] = (await runWhole(engine, inferTypes(model), inputs)).values();
    const graph = inferTypes(simplify(inferTypes(model)));
    const rounding =
      want!.dtype === 'float32' ? 1e-6 * Math.max(...Array.from(want!.data as Float32Array, Math.abs)) : 0;
    const cut = new Set<string>();
    const wrong: string[] = [];
    for (const scheme of schemes) {
      for (const weights of FLEETS) {
        const workers = weights.map((weight, at) => ({ id: `agent-${at}`, weight }));
        const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme });
        if (!plan.stages.some((stage) => stage.scheme === scheme)) continue;
        cut.add(scheme);
        const [got] = (await runPlan(engine, graph, plan, inputs)).values();
        const differs = difference(got!, want!, { relative: 0, absolute: sums(scheme) ? rounding : 0 });
        if (differs) wrong.push(`${scheme} on ${weights}: ${differs}`);
      }
    }
    expect(wrong).toEqual([]);
    expect([...cut].sort()).toEqual([...cutBy].sort());
  });
});
