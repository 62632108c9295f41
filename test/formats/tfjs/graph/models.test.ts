import { beforeAll, describe, expect, it } from '@jest/globals';
import { engineNamed } from '../../../../src/engine/engines.ts';
import { numberOf } from '../../../../src/graph/attributes.ts';
import type { Graph, Node } from '../../../../src/graph/graph.ts';
import { inferTypes } from '../../../../src/graph/infer.ts';
import { simplify } from '../../../../src/graph/passes/index.ts';
import { planGraph, STRATEGY_NAMES } from '../../../../src/planner/strategies.ts';
import { Tensor } from '../../../../src/tensor/tensor.ts';
import { TestCluster } from '../../../support/cluster.ts';
import { forEachEngineSlowly } from '../../../support/each-engine.ts';
import { runPlan, runWhole } from '../../../support/execute.ts';
import { fleetOfWorkers } from '../../../support/fleet.ts';
import { converted, handmade } from '../../../support/graph-models.ts';
import { difference } from '../../../support/onnxruntime.ts';
import { numbers } from '../../../support/operators.ts';
import { readModel, runTfjs } from '../../../support/tfjs-graph.ts';

const FLEET = fleetOfWorkers(['a', 'b', 'c', 'd'].map((agent) => ({ id: agent, weight: 1 })));
const TOLERANCE = { relative: 1e-4, absolute: 1e-4 };

describe.each([
  ['as the converter of TensorFlow writes it', converted(), [1, 32, 32, 3]],
  ['of fused operators', handmade(), [1, 24, 24, 3]],
] as const)('a graph model %s', (_, model, shape) => {
  const image = Tensor.float32(
    shape,
    numbers(shape, 9).data.map((value) => value / 4),
  );
  const inputs = new Map<string, Tensor>([['image', image]]);
  let graph: Graph;
  let wanted: ReadonlyMap<string, Tensor>;
  beforeAll(async () => {
    graph = inferTypes(simplify(await readModel(model)));
    wanted = await runTfjs(model, inputs);
  });

  function check(got: ReadonlyMap<string, Tensor>): void {
    expect([...got.keys()]).toEqual(Object.keys(model.outputs));
    for (const [name, tensor] of wanted)
      expect(difference(got.get(name)!, tensor, TOLERANCE)).toBeUndefined();
  }

  it('has no Transpose left but those of its NHWC inputs and outputs', () => {
    const layout = graph.nodes.filter(({ op }) => ['Transpose', 'Pad'].includes(op));
    const ends = [
      ...graph.inputs,
      ...graph.outputs.filter((name) => graph.types.get(name)!.shape.length === 4),
    ];
    expect(layout).toHaveLength(ends.length);
    for (const { inputs, outputs } of layout)
      expect(ends.some((end) => inputs[0] === end || outputs[0] === end)).toBe(true);
  });

  forEachEngineSlowly((engine, name) => {
    it('computes what tfjs computes, whole', async () => {
      check(await runWhole(engine, graph, inputs));
    });

    it.each(STRATEGY_NAMES)('computes what tfjs computes on 4 devices, planned by %s', async (strategy) => {
      const plan = planGraph(graph, FLEET, { strategy });
      check(await runPlan(engine, graph, plan, inputs));
    });

    it.each(['input-depth', 'output-depth', 'depth-grid'])(
      'computes what tfjs computes through a master and 4 agents, every layer cut by %s',
      async (scheme) => {
        const cluster = new TestCluster();
        try {
          const agentOf = () => ({ engine: engineNamed(name, { threads: 1 }) });
          await cluster.start([{ name: 'model', graph, strategy: 'depth', scheme }], 4, { agentOf });
          const { outputs, degraded, stages } = await cluster.master.infer('model', 'r1', inputs);
          expect(degraded).toBe(false);
          check(outputs);
          // A depthwise convolution rides along with the channels of the one before it, where those are apart.
          const alone = (node: Node) => scheme === 'input-depth' || numberOf(node, 'group', 1) === 1;
          const layers = graph.nodes.filter((node) => ['Conv', 'Gemm'].includes(node.op) && alone(node));
          expect(stages.filter((stage) => stage.scheme === scheme)).toHaveLength(layers.length);
        } finally {
          await cluster.stop();
        }
      },
    );
  });
});
