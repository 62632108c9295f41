import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine, OPTIMIZATIONS } from '../../src/engine/onnxruntime/engine.ts';
import { readOnnx, writeOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { PASSES, simplify } from '../../src/graph/passes/index.ts';
import { float16ToFloat32, float32ToFloat16 } from '../../src/tensor/float16.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { runWhole } from '../support/execute.ts';
import { difference, runOnnx, type Tolerance } from '../support/onnxruntime.ts';
import { numbers } from '../support/operators.ts';
import { power } from '../support/quantised.ts';
import * as models from '../support/quantised-models.ts';

const EXACT: Tolerance = { relative: 0, absolute: 0 };
const ROUNDING: Tolerance = { relative: 1e-5, absolute: 1e-4 };
const FAR = [3, 6, 9, 12];
const uint8 = { activation: 'uint8', filters: 'int8', bias: 'int32' } as const;

/**
 * Scales are powers of two and inputs multiples of their steps, so that sums are exact and every kernel gives the same
 * bits; what cannot be exact has a tolerance.
 */
const MODELS: readonly (readonly [string, Graph, Tolerance])[] = [
  ['float32', models.floatModel('float32'), ROUNDING],
  ['float16', models.floatModel('float16'), { relative: 2e-3, absolute: 0.25 }],
  ['QDQ, uint8 and int8, one scale', models.qdqModel({ ...uint8, scales: [5] }), EXACT],
  ['QDQ, uint8 and int8, a scale per filter', models.qdqModel({ ...uint8, scales: FAR }), EXACT],
  ['QDQ, int8 and int8', models.qdqModel({ ...uint8, activation: 'int8', scales: FAR }), EXACT],
  ['QDQ, uint8 and uint8', models.qdqModel({ ...uint8, filters: 'uint8', scales: [5] }), EXACT],
  ['QDQ, without bias', models.qdqModel({ ...uint8, bias: 'none', scales: FAR }), EXACT],
  ['QDQ, float32 bias', models.qdqModel({ ...uint8, bias: 'float32', scales: FAR }), EXACT],
  ['QDQ, float32 bias past int32', models.largeBias(), EXACT],
  ['QDQ, float32 filters', models.floatFilters(), EXACT],
  ['QDQ, float32 filters rounded in the model', models.fakeQuantised(), EXACT],
  ['QDQ, transposed filters', models.transposedFilters(), EXACT],
  ['QDQ, rounded twice', models.roundedTwice(), EXACT],
  ['filters alone quantised', models.filtersOnly(FAR), ROUNDING],
  ['filters scaled in blocks', models.blockScaled(), ROUNDING],
  ['QLinear, uint8 and int8', models.qlinearModel('uint8', 'int8', [5]), EXACT],
  ['QLinear, uint8 and int8, a scale per filter', models.qlinearModel('uint8', 'int8', FAR), EXACT],
  ['QLinear, int8 and int8', models.qlinearModel('int8', 'int8', [5]), EXACT],
  ['QLinear, uint8 and uint8', models.qlinearModel('uint8', 'uint8', [5]), EXACT],
];

const input = Tensor.float32(
  [1, 3, 8, 8],
  Float32Array.from(numbers([1, 3, 8, 8], 5).data, (value) => value + power(3)),
);

/** What the file means: onnxruntime without optimisation. */
async function oracle(graph: Graph): Promise<Tensor> {
  const half = graph.types.get('x')!.dtype === 'float16';
  const given = half ? Tensor.of('float16', input.shape, float32ToFloat16(input.data)) : input;
  const { dtype, shape, data } = Object.values(await runOnnx(writeOnnx(graph), { x: given }))[0]!;
  return dtype === 'float16'
    ? Tensor.float32(shape, float16ToFloat32(data as Uint16Array))
    : Tensor.of(dtype, shape, data);
}

describe.each(OPTIMIZATIONS)('onnxruntime at the optimisation level %s', (optimization) => {
  const engine = new OnnxruntimeEngine({ threads: 1, optimization });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(MODELS)('%s: as the file, with each pass and with all', async (_, model, tolerance) => {
    const wanted = await oracle(model);
    const read = inferTypes(readOnnx(writeOnnx(model), { file: 'model.onnx' }));
    const ways = [
      ['as it is read', read],
      ...PASSES.map((pass) => [pass.name, inferTypes(pass.run(read))] as const),
      ['simplified', inferTypes(simplify(read))],
    ] as const;
    const magnitude = Math.max(...Array.from(wanted.data as Float32Array, Math.abs));
    expect(magnitude).toBeGreaterThan(0);
    for (const [name, graph] of ways) {
      const made = [...(await runWhole(engine, graph, new Map([['x', input]]))).values()][0]!;
      const differs = difference(made, wanted, tolerance);
      expect(differs && `${name}: ${differs}`).toBeUndefined();
    }
  });
});
