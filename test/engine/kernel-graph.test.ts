import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { kernelGraph } from '../../src/engine/onnxruntime/kernel-graph.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { runWhole } from '../support/execute.ts';
import { difference, runOnnx } from '../support/onnxruntime.ts';
import { numbers } from '../support/operators.ts';
import { integers, power, QuantisedBuilder } from '../support/quantised.ts';
import * as models from '../support/quantised-models.ts';

const prepared = (graph: Graph) => inferTypes(simplify(inferTypes(graph)));
const QDQ = { activation: 'uint8', filters: 'int8', scales: [3, 6, 9, 12], bias: 'int32' } as const;

/** The constant from which an operand of the first node of this operator is dequantised, or which it is. */
function operand(graph: Graph, op: string, input: number) {
  const name = graph.nodes.find((node) => node.op === op)!.inputs[input]!;
  const maker = graph.nodes.find(({ outputs }) => outputs.includes(name));
  return graph.initializers.get(maker?.inputs[0] ?? name)!;
}

describe('the filters of a quantised model', () => {
  it('are held as they are stored, a quarter of the bytes', () => {
    const graph = prepared(models.filtersOnly([3, 6, 9, 12]));
    const elements = 4 * 3 * 3 * 3 + 256 * 5;
    const bytes = [...graph.initializers.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(bytes).toBeLessThan(elements + 100);
  });

  it('of float32 that the model rounds itself are held as integers', () => {
    expect(operand(prepared(models.fakeQuantised()), 'Conv', 1)).toMatchObject({ dtype: 'int8' });
  });

  it('are transposed as integers', () => {
    const graph = prepared(models.transposedFilters());
    expect(graph.nodes.map(({ op }) => op)).not.toContain('Transpose');
    expect(operand(graph, 'MatMul', 1)).toMatchObject({ dtype: 'int8', shape: [192, 5] });
  });
});

describe('what onnxruntime is given', () => {
  it('between quantised feature maps are filters and biases of integers', () => {
    const graph = kernelGraph(prepared(models.qdqModel({ ...QDQ, bias: 'float32' })));
    expect(operand(graph, 'Conv', 1)).toMatchObject({ dtype: 'int8' });
    expect(operand(graph, 'Conv', 2)).toMatchObject({ dtype: 'int32', shape: [4] });
  });

  it('has a bias that would pass int32 as it is', () => {
    const graph = kernelGraph(prepared(models.largeBias()));
    expect(operand(graph, 'Conv', 2)).toMatchObject({ dtype: 'float32' });
  });

  it.each([
    ['filters alone', models.filtersOnly([3, 6, 9, 12])],
    ['blocks', models.blockScaled()],
  ])('has nothing to dequantise in every run where %s are quantised', (_, model) => {
    expect(kernelGraph(prepared(model)).nodes.map(({ op }) => op)).not.toContain('DequantizeLinear');
  });
});

describe('a program between int8 feature maps', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it('takes and gives int8, and computes with uint8', async () => {
    const model = new QuantisedBuilder();
    const filters = model.filters('int8', [4, 3, 3, 3], [3, 6, 9, 12].map(power), 0);
    const conv = model.node('Conv', [model.dequantize('x', 'int8', power(4)), filters]);
    const output = model.quantize(conv, 'int8', power(2));
    const half = model.dequantize(output, 'int8', power(2));
    const graph = model.graph([1, 3, 8, 8], output);
    const types = new Map([['x', { dtype: 'int8' as const, shape: [1, 3, 8, 8] }]]);
    const typed = inferTypes({ ...graph, types, outputs: [output, half] });
    const { data } = numbers([1, 3, 8, 8], 5);
    const x = integers('int8', [1, 3, 8, 8], (at) => data[at]! * 25 + 3);
    const wanted = await runOnnx(writeOnnx(typed), { x });
    const got = await runWhole(engine, typed, new Map([['x', x]]));
    for (const name of [output, half])
      expect(difference(got.get(name)!, wanted[name]!, { relative: 0, absolute: 0 })).toBeUndefined();
    const given = kernelGraph(typed);
    const convolved = given.nodes.find(({ outputs }) =>
      outputs.includes(given.nodes.find(({ op }) => op === 'Conv')!.inputs[0]!),
    )!;
    expect(given.types.get(convolved.inputs[0]!)).toMatchObject({ dtype: 'uint8' });
  });
});
