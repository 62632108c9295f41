import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { shardOf } from '../../src/partition/cut.ts';
import { wholeRegion } from '../../src/tensor/region.ts';
import { CutCheck } from '../support/cut.ts';
import { graphOf, ints, nodeOf } from '../support/graphs.ts';
import { int, numbers } from '../support/operators.ts';
import { randomModel } from '../support/random-graph.ts';
import { regionOf } from '../support/regions.ts';

/** A block with a shortcut, two branches that are joined, and a tensor that is read in two places. */
function block(opset: number, stride: number, kernel: number): Graph {
  const pads = [kernel - 1, 1, 0, kernel > 1 ? 1 : 0];
  const nodes = [
    nodeOf('Conv', ['x', 'w0'], ['a'], { pads: [1, 1, 1, 1] }),
    nodeOf('Relu', ['a'], ['b']),
    nodeOf('MaxPool', ['b'], ['left'], {
      kernel_shape: [kernel, 2],
      strides: [stride, 1],
      pads: [0, 1, kernel - 1, 0],
    }),
    nodeOf('AveragePool', ['b'], ['right'], {
      kernel_shape: [kernel, 2],
      strides: [stride, 1],
      pads: [kernel - 1, 0, 0, 1],
      count_include_pad: 1,
    }),
    nodeOf('Concat', ['left', 'right', 'left'], ['joined'], { axis: 1 }),
    nodeOf('Conv', ['joined', 'w1'], ['c'], { group: 3, pads }),
    nodeOf('Conv', ['joined', 'w2'], ['d'], { pads }),
    nodeOf('Add', ['c', 'd'], ['y']),
  ];
  const constants = {
    w0: numbers([4, 3, 3, 3], 1),
    w1: numbers([6, 4, kernel, 2], 2),
    w2: numbers([6, 12, kernel, 2], 3),
  };
  return inferTypes(graphOf({ x: [1, 3, 11, 9] }, nodes, { opset, constants }));
}

describe('a fused run of nodes', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it('makes any region of the output of a chain', async () => {
    const check = new CutCheck(engine);
    const cases = randomModel.chain((model) => {
      const [output] = model.graph.outputs;
      return fc.tuple(fc.constant(model), regionOf(model.graph.types.get(output!)!.shape));
    });
    await fc.assert(
      fc.asyncProperty(cases, ([{ graph, input }, region]) =>
        check.check(graph, new Map([['x', input]]), [{ tensor: graph.outputs[0]!, region }]),
      ),
      { numRuns: 120 },
    );
    expect(check.cut).toBeGreaterThan(80);
  });

  it.each([9, 13])(
    'makes any region where branches meet, and of a tensor in its middle (opset %i)',
    async (opset) => {
      const check = new CutCheck(engine);
      const cases = fc.tuple(int(1, 2), int(1, 3)).chain(([stride, kernel]) => {
        const graph = block(opset, Math.min(stride, kernel), kernel);
        const shapeOf = (name: string) => graph.types.get(name)!.shape;
        return fc.tuple(fc.constant(graph), regionOf(shapeOf('y')), fc.option(regionOf(shapeOf('joined'))));
      });
      await fc.assert(
        fc.asyncProperty(cases, ([graph, y, joined]) => {
          const outputs = [
            { tensor: 'y', region: y },
            ...(joined ? [{ tensor: 'joined', region: joined }] : []),
          ];
          const open = { ...graph, outputs: outputs.map(({ tensor }) => tensor) };
          return check.check(open, new Map([['x', numbers([1, 3, 11, 9], 4)]]), outputs);
        }),
        { numRuns: 100 },
      );
      expect(check.cut).toBeGreaterThan(70);
    },
  );

  it('keeps the names of nodes, which may be those of other tensors, apart', async () => {
    const nodes = [
      { ...nodeOf('Conv', ['x', 'w'], ['b'], { group: 2 }), name: 'a' },
      { ...nodeOf('Relu', ['b'], ['y']), name: 'b' },
    ];
    const graph = inferTypes(
      graphOf({ x: [1, 2, 3, 3] }, nodes, { constants: { w: numbers([4, 1, 1, 1]) } }),
    );
    const check = new CutCheck(engine);
    for (const channels of [
      [0, 2],
      [1, 4],
    ] as const) {
      const region = wholeRegion([1, 4, 3, 3]).with(1, channels);
      await check.check(graph, new Map([['x', numbers([1, 2, 3, 3])]]), [{ tensor: 'y', region }]);
    }
    expect(check.cut).toBe(2);
  });

  it('is not cut through an operator that makes several tensors', () => {
    const nodes = [nodeOf('TopK', ['x', 'k'], ['a', 'b']), nodeOf('Identity', ['b'], ['y'])];
    const graph = inferTypes(graphOf({ x: [4] }, nodes, { constants: { k: ints(2) } }));
    expect(
      shardOf({ graph, nodes: graph.nodes }, { placed: [{ tensor: 'y', region: [[0, 1]] }] }),
    ).toBeUndefined();
  });
});
