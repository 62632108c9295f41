import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { loadOnnx, readTensorProto } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { runOf } from '../../src/partition/run.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { dataPath, describeWithData } from '../support/data.ts';
import { runPlan } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';

const LAYERS = ['Conv', 'Gemm', 'MatMul'];

describeWithData('ONNX conformance cases of Conv, Gemm and MatMul, cut by every scheme', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it('gives the stored output, cut 1 to 5 ways by each scheme that fits', async () => {
    const root = dataPath('onnx-node');
    let cuts = 0;
    let cases = 0;
    for (const name of readdirSync(root)) {
      const graph = inferTypes(await loadOnnx(dataPath('onnx-node', name, 'model.onnx')));
      const layer = graph.nodes.find(({ op }) => LAYERS.includes(op));
      if (!layer) continue;
      cases += 1;
      const inputs = new Map(graph.inputs.map((input, at) => [input, stored(name, `input_${at}`)]));
      const want = stored(name, 'output_0').data as Float32Array;
      for (const scheme of Object.values(SCHEMES)) {
        if (scheme.unfit(runOf(graph, [layer]))) continue;
        for (let ways = 1; ways <= 5; ways += 1) {
          const got = await runCut(graph, scheme.name, ways, inputs);
          expectClose(got.data as Float32Array, want, `${name} ${scheme.name} x${ways}`);
          cuts += 1;
        }
      }
    }
    console.info(`${cases} cases of Conv, Gemm and MatMul; ${cuts} cuts equal the stored output`);
    expect(cases).toBe(24);
    expect(cuts).toBe(450);
  });

  async function runCut(
    graph: Graph,
    scheme: string,
    ways: number,
    inputs: Map<string, Tensor>,
  ): Promise<Tensor> {
    const workers = Array.from({ length: ways }, (_, at) => ({ id: `agent-${at}`, weight: 1 + (at % 3) }));
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme });
    expect(plan.stages.map((stage) => stage.scheme)).toContain(scheme);
    return (await runPlan(engine, graph, plan, inputs)).get(graph.outputs[0]!)!;
  }
});

function stored(name: string, file: string): Tensor {
  const path = dataPath('onnx-node', name, 'test_data_set_0', `${file}.pb`);
  return readTensorProto(readFileSync(path), path).tensor;
}

/** rtol is ONNX's own; the atol admits another order of summation around zero. */
function expectClose(got: Float32Array, want: Float32Array, label: string): void {
  expect(got.length).toBe(want.length);
  const worst = want.reduce(
    (most, value, at) => Math.max(most, Math.abs(got[at]! - value) - 1e-3 * Math.abs(value)),
    0,
  );
  if (worst > 1e-5) throw new Error(`${label} differs by ${worst}`);
}
