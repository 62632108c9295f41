import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { noiseOf } from '../../src/engine/noise.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../src/engine/prepare.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { judge } from '../../src/tensor/judgement.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { graphOf, ints, nodeOf } from '../support/graphs.ts';
import { sureModel } from '../support/sure-model.ts';

const TOLERANCE = 1e-4;
const workers = [1, 1, 1, 1].map((weight, at) => ({ id: `agent-${at}`, weight }));

/** The filters of a quarter of the input channels, which are those of one shard, times `factor`. */
function perturbed(graph: Graph, name: string, factor: number): Graph {
  const filters = graph.initializers.get(name)!;
  const [, channels = 0, ...window] = filters.shape;
  const plane = window.reduce((product, extent) => product * extent, 1);
  const values = Float32Array.from(filters.data as Float32Array, (value, at) =>
    Math.floor(at / plane) % channels < channels / 4 ? value * factor : value,
  );
  return {
    ...graph,
    initializers: new Map(graph.initializers).set(name, Tensor.float32([...filters.shape], values)),
  };
}

describe('what rounding does to a model', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  /** Cut by input depth, as `verify --scheme input-depth` does it. */
  const distributed = async (graph: Graph, inputs: ReadonlyMap<string, Tensor>) => {
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme: 'input-depth' });
    expect(plan.stages.map(({ scheme }) => scheme)).toContain('input-depth');
    return runPlan(engine, graph, plan, inputs);
  };

  it('is what tells a cut of a model with tiny scores from a wrong one', async () => {
    const { graph: original, inputs } = sureModel();
    const graph = await prepareGraph(original, engine);
    const whole = await runWhole(engine, graph, inputs);
    const noise = await noiseOf(engine, graph, inputs);
    const cut = await distributed(graph, inputs);
    expect(judge(cut, whole, { tolerance: TOLERANCE })).toMatchObject({ ok: false });
    const judged = judge(cut, whole, { tolerance: TOLERANCE, noise });
    expect(judged).toMatchObject({ ok: true, bound: { kind: 'noise' } });
    // steps of 0.5 and a fraction in float32 are 3e-8 and 6e-8: some of them, and not more
    expect(noise.get('y')).toBeGreaterThan(2 ** -26);
    expect(noise.get('y')).toBeLessThan(2 ** -20);
    const wrong = await distributed(perturbed(graph, 'k2', 1.1), inputs);
    expect(judge(wrong, whole, { tolerance: TOLERANCE, noise })).toMatchObject({ ok: false });
  });

  it('is a step of a Sigmoid at least where one made the output, whichever step the runs took', async () => {
    // far below the least step: no run sees a change
    const nodes = [
      nodeOf('Sigmoid', ['x'], ['s']),
      nodeOf('Reshape', ['s', 'shape'], ['scores']),
      nodeOf('Tanh', ['x'], ['others']),
    ];
    const constants = { shape: ints(3) };
    const made = graphOf({ x: [1, 3] }, nodes, { constants });
    const graph = await prepareGraph({ ...made, outputs: ['scores', 'others'] }, engine);
    const noise = await noiseOf(engine, graph, new Map([['x', Tensor.float32([1, 3], [-40, -50, -60])]]));
    expect(noise.get('scores')).toBe(2 ** -24);
    expect(noise.get('others') ?? 0).toBeLessThan(2 ** -24);
  });

  it('loosens nothing where it is small', async () => {
    const { graph: original, inputs } = sureModel();
    // the same layers without the Sigmoid: logits near -14
    const graph = await prepareGraph(
      { ...original, nodes: original.nodes.slice(0, -1), outputs: ['l'] },
      engine,
    );
    const whole = await runWhole(engine, graph, inputs);
    const noise = await noiseOf(engine, graph, inputs);
    const judged = (outputs: ReadonlyMap<string, Tensor>) =>
      judge(outputs, whole, { tolerance: TOLERANCE, noise });
    expect(judged(await distributed(graph, inputs))).toMatchObject({
      ok: true,
      bound: { kind: 'tolerance' },
    });
    const wrong = await distributed(perturbed(graph, 'k2', 1.005), inputs);
    expect(judged(wrong)).toMatchObject({ ok: false, bound: { kind: 'tolerance' } });
  });

  it('is that of the same model each time, and leaves constants that give shapes alone', async () => {
    const nodes = [
      nodeOf('Conv', ['x', 'k'], ['c']),
      nodeOf('Resize', ['c', '', 'scales'], ['y'], { mode: 'linear' }),
    ];
    const constants = {
      k: Tensor.float32([1, 1, 1, 1], [0.3]),
      scales: Tensor.float32([4], [1, 1, 2.5, 2.5]),
    };
    const graph = await prepareGraph(graphOf({ x: [1, 1, 6, 6] }, nodes, { constants }), engine);
    const x = Tensor.float32(
      [1, 1, 6, 6],
      Float32Array.from({ length: 36 }, (_, at) => at / 7),
    );
    const noise = await noiseOf(engine, graph, new Map([['x', x]]));
    // of values up to 1.5 one or two units in the last place
    expect(noise.get('y')).toBeGreaterThan(0);
    expect(noise.get('y')).toBeLessThan(2 ** -20);
    expect(await noiseOf(engine, graph, new Map([['x', x]]))).toEqual(noise);
  });
});
