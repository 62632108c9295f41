import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { runOf } from '../../src/partition/run.ts';
import { rows } from '../../src/partition/schemes/rows.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { CutCheck } from '../support/cut.ts';
import { forEachEngine } from '../support/each-engine.ts';
import { runWhole } from '../support/execute.ts';
import { graphOf, ints, nodeOf } from '../support/graphs.ts';
import { difference } from '../support/onnxruntime.ts';
import { numbers } from '../support/operators.ts';
import { regionOf } from '../support/regions.ts';
import { runShards } from '../support/run-shards.ts';

const EXACT = { relative: 0, absolute: 0 };

/** As a graph is before it is planned. */
function prepared(nodes: Node[], shape: readonly number[], constants: Record<string, Tensor>, opset = 13) {
  return inferTypes(simplify(inferTypes(graphOf({ x: [...shape] }, nodes, { opset, constants }))));
}

/** A Split along a random axis into random parts, and regions of some of its outputs. */
const splitting = fc
  .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
  .chain((shape) => fc.tuple(fc.constant(shape), fc.nat(shape.length - 1), fc.integer({ min: 1, max: 4 })))
  .chain(([own, axis, parts]) =>
    fc
      .tuple(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: parts, maxLength: parts }))
      .map(([sizes]) => {
        const extent = sizes.reduce((sum, size) => sum + size, 0);
        return { shape: own.with(axis, extent), axis, sizes };
      }),
  )
  .chain(({ shape, axis, sizes }) => {
    const regions = sizes.map((size) => fc.option(regionOf(shape.with(axis, size)), { nil: undefined }));
    return fc.record({
      ...{ shape: fc.constant(shape), axis: fc.constant(axis), sizes: fc.constant(sizes) },
      ...{ regions: fc.tuple(...regions), opset: fc.constantFrom(9, 11, 13, 18) },
    });
  });

/** The block of YOLO v8: half of the channels goes through a bottleneck with a shortcut. */
function crossStage(): Graph {
  const pads = { pads: [1, 1, 1, 1] };
  const nodes = [
    nodeOf('Conv', ['x', 'w0'], ['a']),
    nodeOf('Split', ['a', 'halves'], ['left', 'right'], { axis: 1 }),
    nodeOf('Conv', ['right', 'w1'], ['b'], pads),
    nodeOf('Relu', ['b'], ['c']),
    nodeOf('Add', ['right', 'c'], ['d']),
    nodeOf('Concat', ['left', 'right', 'd'], ['e'], { axis: 1 }),
    nodeOf('Conv', ['e', 'w2'], ['y']),
  ];
  const constants = {
    ...{ w0: numbers([8, 3, 1, 1], 1), halves: ints(4, 4), w1: numbers([4, 4, 3, 3], 2) },
    w2: numbers([5, 12, 1, 1], 3),
  };
  return prepared(nodes, [1, 3, 11, 9], constants);
}

/** The block of ShuffleNet v2: half of the channels is computed with, then the channels of both halves take turns. */
function shuffled(): Graph {
  const depthwise = {
    group: 4,
    pads: [1, 1, 1, 1],
  };
  const nodes = [
    nodeOf('Split', ['x'], ['left', 'right'], { axis: 1, num_outputs: 2 }),
    nodeOf('Conv', ['right', 'w0'], ['a'], depthwise),
    nodeOf('Concat', ['left', 'a'], ['b'], { axis: 1 }),
    nodeOf('Reshape', ['b', 'apart'], ['c']),
    nodeOf('Transpose', ['c'], ['d'], { perm: [0, 2, 1, 3, 4] }),
    nodeOf('Reshape', ['d', 'together'], ['y']),
  ];
  const constants = {
    ...{ w0: numbers([4, 1, 3, 3], 1), apart: ints(1, 2, 4, 11, 9), together: ints(1, 8, 11, 9) },
  };
  return prepared(nodes, [1, 8, 11, 9], constants, 18);
}

describe('a run with a Split', () => {
  forEachEngine((engine) => {
    it('makes regions of any of its outputs, bit for bit', async () => {
      const check = new CutCheck(engine, EXACT);
      await fc.assert(
        fc.asyncProperty(splitting, async ({ shape, axis, sizes, regions, opset }) => {
          const outputs = sizes.map((_, at) => `y${at}`);
          const named = opset >= 13 ? { axis } : { axis, split: sizes };
          const inputs = opset >= 13 ? ['x', 'sizes'] : ['x'];
          const nodes = [nodeOf('Split', inputs, outputs, named)];
          const graph = prepared(nodes, shape, { sizes: ints(...sizes) }, opset);
          const goals = regions.flatMap((region, at) => (region ? [{ tensor: `y${at}`, region }] : []));
          if (goals.length > 0) await check.check(graph, new Map([['x', numbers(shape)]]), goals);
        }),
        { numRuns: 60 },
      );
      expect(check.refused).toBe(0);
      expect(check.cut).toBeGreaterThan(30);
    });

    it.each([
      ['YOLO v8', crossStage()],
      ['ShuffleNet v2', shuffled()],
    ])('is cut into strips of rows as a block of %s', async (_, graph) => {
      const inputs = new Map([['x', numbers(graph.types.get('x')!.shape)]]);
      const run = runOf(graph, graph.nodes);
      expect(rows.unfit(run)).toBeUndefined();
      const cut = rows.cut(run, [3, 2, 1]);
      expect(cut).toHaveLength(3);
      const [want, got] = [await runWhole(engine, graph, inputs), await runShards(engine, run, cut, inputs)];
      expect(difference(got.get('y')!, want.get('y')!, { relative: 1e-5, absolute: 1e-5 })).toBeUndefined();
    });
  });
});
