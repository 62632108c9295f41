import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../src/engine/prepare.ts';
import { readOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { runPlan, runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { integers, QuantisedBuilder } from '../support/quantised.ts';

const IMAGE = Tensor.float32(
  [1, 3, 16, 16],
  Float32Array.from({ length: 768 }, (_, at) => Math.sin(at * 0.37) * 1.5),
);
const bytesOf = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../fixtures/quantised/${name}.onnx`, import.meta.url)));

describe('a model from the quantiser of onnxruntime', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each([
    ['qdq', 'output-depth', 3],
    ['qdq', 'input-depth', 0],
    ['qdq', 'rows', 1],
    ['qdq', 'tiles', 1],
    ['qoperator', 'output-depth', 3],
    ['qoperator', 'rows', 1],
    ['dynamic', 'output-depth', 3],
    ['dynamic', 'input-depth', 3],
    ['dynamic', 'depth-grid', 3],
  ])('%s, cut by %s, gives every bit of the whole', async (name, scheme, distributed) => {
    const whole = readOnnx(bytesOf(name), { file: name });
    const graph = await prepareGraph(whole, engine);
    const workers = [1, 2, 1, 1].map((weight, at) => ({ id: `agent-${at}`, weight }));
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme });
    expect(plan.stages.filter((stage) => stage.scheme === scheme)).toHaveLength(distributed);
    const inputs = new Map([['image', IMAGE]]);
    const want = (await runWhole(engine, inferTypes(whole), inputs)).get('scores')!;
    const got = (await runPlan(engine, graph, plan, inputs)).get('scores')!;
    expect(got.data).toEqual(want.data);
  });

  it('keeps its filters as bytes, and what travels between its stages is quantised', async () => {
    const graph = await prepareGraph(readOnnx(bytesOf('qdq'), { file: 'qdq' }), engine);
    const plan = planGraph(
      graph,
      fleetOfWorkers([
        { id: 'a', weight: 1 },
        { id: 'b', weight: 1 },
      ]),
      {
        strategy: 'depth',
        scheme: 'output-depth',
      },
    );
    const shards = plan.stages.flatMap(({ shards }) => shards.map(({ shard }) => shard));
    const given = new Set([...graph.inputs, ...graph.outputs]);
    const travelling = shards.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
    for (const { tensor } of travelling)
      if (!given.has(tensor)) expect(graph.types.get(tensor)!.dtype).toBe('int8');
    // 8x3x3x3 and 12x8x3x3 filters, and 12x5 of the dense layer, a byte each; the rest is biases, scales and zero points
    const filters = 216 + 864 + 60;
    const held = shards.reduce((sum, { filterBytes }) => sum + filterBytes, 0);
    expect(held).toBeGreaterThan(filters);
    expect(held).toBeLessThan(2 * filters);
  });
});

describe.each([
  ['a residual block of int8 feature maps', residualBlock],
  ['a convolution of int8 feature maps', convolution],
])('%s', (_, modelOf) => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(['output-depth', 'rows', 'replica'])('cut by %s, gives every bit of the whole', async (scheme) => {
    const whole = modelOf();
    const input = Tensor.float32(
      [1, 8, 12, 12],
      Float32Array.from({ length: 1152 }, (_, at) => (at * 7) % 13),
    );
    const graph = await prepareGraph(whole, engine);
    const workers = [1, 2, 1].map((weight, at) => ({ id: `agent-${at}`, weight }));
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme });
    expect(plan.stages.filter((stage) => stage.scheme === scheme).length).toBeGreaterThan(0);
    const inputs = new Map([['x', input]]);
    const [want] = (await runWhole(engine, inferTypes(whole), inputs)).values();
    const [got] = (await runPlan(engine, graph, plan, inputs)).values();
    expect(got!.data).toEqual(want!.data);
  });
});

/**
 * Half of its sums lie in the middle between two steps of an odd zero point: the integer kernel of an Add rounds them
 * otherwise than Add and QuantizeLinear do one after the other. So the bits tell which of the two it was.
 */
function residualBlock(): Graph {
  const model = new QuantisedBuilder();
  const zero = model.zero('int8', 3);
  const again = (q: string, step: number) => model.node('DequantizeLinear', [q, model.scalar(step), zero]);
  const quantised = (x: string, step: number) => model.node('QuantizeLinear', [x, model.scalar(step), zero]);
  const w = model.filters('int8', [8, 8, 1, 1], new Array<number>(8).fill(2 ** -7), 0);
  const branch = quantised(model.node('Conv', [again(quantised('x', 0.125), 0.125), w]), 0.25);
  const sum = quantised(model.node('Add', [again(quantised('x', 0.25), 0.25), again(branch, 0.25)]), 0.5);
  return model.graph([1, 8, 12, 12], again(sum, 0.5));
}

/**
 * A step of the output is twice that of a product, so that every other sum lies in the middle between two steps, as exactly as
 * float32 can say it: the integer kernel and Conv in float32 round many of them to different steps.
 */
function convolution(): Graph {
  const model = new QuantisedBuilder();
  const zero = model.zero('int8', 3);
  const [x, y] = [1.03, 2 * 1.03 * 0.007].map((step) => [model.scalar(step), zero]);
  const stored = model.constant(integers('int8', [8, 8, 1, 1], (at) => ((at * 5) % 3) - 1));
  const w = model.node('DequantizeLinear', [stored, model.scalar(0.007)]);
  const image = model.node('QuantizeLinear', ['x', ...x!]);
  const conv = model.node('Conv', [model.node('DequantizeLinear', [image, ...x!]), w]);
  const made = model.node('QuantizeLinear', [conv, ...y!]);
  return model.graph([1, 8, 12, 12], model.node('DequantizeLinear', [made, ...y!]));
}
