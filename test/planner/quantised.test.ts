import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../src/engine/prepare.ts';
import { readOnnx } from '../../src/formats/onnx/index.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { runPlan } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { runOnnx } from '../support/onnxruntime.ts';

const IMAGE = Tensor.float32(
  [1, 3, 16, 16],
  Float32Array.from({ length: 768 }, (_, at) => Math.sin(at * 0.37) * 1.5),
);
const bytesOf = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../fixtures/quantised/${name}.onnx`, import.meta.url)));

/** The share of the largest score by which one rounding of a quantised value, there or here, may change a score. */
const QUANTUM = 0.02;

describe('a model from the quantiser of onnxruntime', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each([
    ['qdq', 'output-depth', 3],
    ['qdq', 'input-depth', 3],
    ['qdq', 'rows', 1],
    ['qoperator', 'output-depth', 0],
    ['dynamic', 'output-depth', 0],
  ])('%s, cut by %s, gives the scores of the whole', async (name, scheme, distributed) => {
    const bytes = bytesOf(name);
    const graph = await prepareGraph(readOnnx(bytes, { file: name }), engine);
    const workers = [1, 2, 1].map((weight, at) => ({ id: `agent-${at}`, weight }));
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme });
    expect(plan.stages.filter((stage) => stage.scheme === scheme)).toHaveLength(distributed);
    const got = (await runPlan(engine, graph, plan, new Map([['image', IMAGE]]))).get('scores')!;
    const want = (await runOnnx(bytes, { image: IMAGE }))['scores']!;
    const largest = Math.max(...Array.from(want.data as Float32Array, Math.abs));
    for (const [at, value] of (want.data as Float32Array).entries())
      expect(Math.abs((got.data[at] as number) - value) / largest).toBeLessThan(QUANTUM);
  });

  it('has filters of float32, though they are stored as bytes', async () => {
    const graph = await prepareGraph(readOnnx(bytesOf('qdq'), { file: 'qdq' }), engine);
    const convolution = graph.nodes.find(({ op }) => op === 'Conv')!;
    expect(graph.initializers.get(convolution.inputs[1]!)!.dtype).toBe('float32');
  });
});
