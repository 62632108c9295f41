import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { loadOnnx } from '../../src/formats/onnx/index.ts';
import { type Graph, subgraph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { isDistributed } from '../../src/planner/plan.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { dataPath, describeWithData } from '../support/data.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { withSeededFilters } from '../support/seeded.ts';

/** Structure, scheme, number of agents, and how many layers the scheme cuts. */
const CASES = [
  ['light_vgg19.onnx', 'output-depth', 4, 19],
  ['light_resnet50.onnx', 'depth-grid', 4, 54],
  ['light_resnet50.onnx', 'output-depth', 3, 54],
  ['light_inception_v1.onnx', 'input-depth', 4, 58],
] as const;

describeWithData('published structures with seeded filters, cut by depth', () => {
  const engine = new OnnxruntimeEngine();
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(CASES)(
    '%s by %s over %i agents equals onnxruntime on the whole model',
    async (file, scheme, agents, layers) => {
      const read = inferTypes(await loadOnnx(dataPath('onnx-light', file)));
      const whole = beforeSoftmax(
        withSeededFilters(inferTypes(simplify(read, { foldBatchNorm: false })), 11),
      );
      const input = whole.inputs[0]!;
      const { shape } = whole.types.get(input)!;
      const image = Tensor.float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, (_, at) => Math.sin(at * 0.37)),
      );
      const inputs = new Map([[input, image]]);
      const want = (await runWhole(engine, whole, inputs)).get(whole.outputs[0]!)!.data as Float32Array;

      const graph = inferTypes(simplify(whole));
      const workers = Array.from({ length: agents }, (_, at) => ({ id: `agent-${at}`, weight: 1 }));
      const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme });
      expect(plan.stages.filter(isDistributed)).toHaveLength(layers);
      const got = (await runPlan(engine, graph, plan, inputs)).get(whole.outputs[0]!)!.data as Float32Array;

      const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const spread = want.reduce((least, value) => Math.min(least, value), largest);
      expect(largest - spread).toBeGreaterThan(1e-3 * largest);
      const difference = want.reduce((most, value, at) => Math.max(most, Math.abs(got[at]! - value)), 0);
      expect(difference).toBeLessThanOrEqual(1e-4 * largest);
    },
    180_000,
  );
});

/** A softmax over untrained filters is all but one-hot and hides differences: compare what goes into it. */
function beforeSoftmax(graph: Graph): Graph {
  const nodes = graph.nodes.filter(({ op }) => op !== 'Softmax');
  const last = graph.nodes.find(({ op }) => op === 'Softmax')?.inputs[0];
  return last ? subgraph(graph, nodes, new Set([last]), graph.name) : graph;
}
