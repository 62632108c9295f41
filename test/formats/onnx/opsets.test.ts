import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../../src/engine/prepare.ts';
import { readOnnx, writeOnnx } from '../../../src/formats/onnx/index.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { CutCheck } from '../../support/cut.ts';
import { difference, runOnnx } from '../../support/onnxruntime.ts';
import { graphOfCase } from '../../support/operator-cases.ts';
import { OPSET_CASES, type OpsetCase } from '../../support/opset-cases.ts';

const tolerance = { relative: 1e-5, absolute: 1e-5 };

/** The file as an exporter would write it, without the types that we know. */
function fileOf(each: OpsetCase, opset: number): Uint8Array {
  const graph = graphOfCase({ ...each, opset });
  return writeOnnx({ ...graph, types: new Map(graph.inputs.map((name) => [name, graph.types.get(name)!])) });
}

/** Axes of the first output along which its second half can be made alone, and equals that half of the whole. */
async function axesCut(
  engine: OnnxruntimeEngine,
  graph: Graph,
  inputs: Map<string, Tensor>,
): Promise<number[]> {
  const [tensor = ''] = graph.outputs;
  const { shape } = graph.types.get(tensor)!;
  const axes: number[] = [];
  for (const [axis, extent] of shape.entries()) {
    if (extent < 2) continue;
    const region = shape.map((own, other) => [other === axis ? own >> 1 : 0, own] as const);
    const cut = new CutCheck(engine, tolerance);
    await cut.check(graph, inputs, [{ tensor, region }]);
    if (cut.cut === 1) axes.push(axis);
  }
  return axes;
}

describe('operators that changed between operator sets 13 and 24', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  const rows = OPSET_CASES.flatMap((each) => each.opsets.map((opset) => ({ ...each, opset })));
  it.each(rows)('$op of version $opset: $what', async (each) => {
    const bytes = fileOf(each, each.opset);
    const feeds = Object.fromEntries(each.live.map((tensor, at) => [`x${at}`, tensor]));
    const want = await runOnnx(bytes, feeds);
    const graph = await prepareGraph(readOnnx(bytes, { file: 'opset.onnx' }), engine);
    const got = await runOnnx(writeOnnx(graph), feeds);
    for (const name of graph.outputs) {
      const { dtype, shape } = want[name]!;
      expect(graph.types.get(name)).toEqual({ dtype, shape });
      expect(difference(got[name]!, want[name]!, tolerance)).toBeUndefined();
    }
    const inputs = new Map(Object.entries(feeds));
    expect(await axesCut(engine, graph, inputs)).toEqual(each.cut);
  });
});
