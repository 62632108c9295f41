import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../src/engine/prepare.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { openTensors } from '../../src/graph/infer.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { ARRAYS, type ArrayOf, type DType } from '../../src/tensor/dtype.ts';
import { Tensor, type TensorType } from '../../src/tensor/tensor.ts';
import { runPlan } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { floats, graphOf, ints, nodeOf } from '../support/graphs.ts';
import { difference, runOnnx } from '../support/onnxruntime.ts';
import { numbers } from '../support/operators.ts';

const TOLERANCE = { relative: 1e-4, absolute: 1e-4 };
const workers = [1, 2, 1].map((weight, at) => ({ id: `agent-${at}`, weight }));

/** Convolutions around the places where a feature map is positive, which differ from picture to picture. */
function thresholded(): Graph {
  const nodes = [
    nodeOf('Conv', ['x', 'w1'], ['a'], { pads: [1, 1, 1, 1] }),
    nodeOf('Relu', ['a'], ['r']),
    nodeOf('NonZero', ['r'], ['places']),
    nodeOf('Conv', ['r', 'w2'], ['b']),
    nodeOf('Transpose', ['places'], ['rows'], { perm: [1, 0] }),
    nodeOf('GatherND', ['r', 'rows'], ['found']),
    nodeOf('ReduceMean', ['b'], ['mean'], { keepdims: 0 }),
    // reads a tensor of open shape that was made before the second convolution, and one that was made after it
    nodeOf('Add', ['found', 'mean'], ['y']),
  ];
  const constants = { w1: numbers([6, 3, 3, 3], 5), w2: numbers([4, 6, 3, 3], 6) };
  return graphOf({ x: [1, 3, 8, 8] }, nodes, { constants, outputs: ['y', 'b'] });
}

describe('a model with tensors of another shape in every run', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(STRATEGY_NAMES)('planned by %s, gives what the whole gives', async (strategy) => {
    const original = thresholded();
    const graph = await prepareGraph(original, engine);
    expect([...openTensors(graph)].sort()).toEqual(['found', 'places', 'rows', 'y']);
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy });
    const counts = new Set<number>();
    for (const seed of [1, 2, 3]) {
      const x = numbers([1, 3, 8, 8], seed);
      const got = await runPlan(engine, graph, plan, new Map([['x', x]]));
      const want = await runOnnx(writeOnnx(original), { x });
      for (const name of ['y', 'b'])
        expect(difference(got.get(name)!, want[name]!, TOLERANCE)).toBeUndefined();
      counts.add(want['y']!.size);
    }
    expect(counts.size).toBeGreaterThan(1);
  });

  it('runs an operator that Isobath does not know on every element type', async () => {
    for (const dtype of [
      'float32',
      'float64',
      'int8',
      'uint8',
      'int32',
      'int64',
      'bool',
      'float16',
    ] as const) {
      const data = Uint8Array.from({ length: 12 }, (_, at) => (dtype === 'bool' ? at % 2 : at));
      const x = Tensor.of(dtype, [3, 4], copied(dtype, data));
      const nodes = [
        nodeOf('ReverseSequence', ['x', 'lengths'], ['r']),
        nodeOf('Identity', ['r'], ['i']),
        nodeOf('ReverseSequence', ['i', 'lengths'], ['y']),
        nodeOf('Conv', ['z', 'w'], ['c']),
      ];
      const constants = { lengths: ints(3, 2, 1, 3), w: floats(4, 2, 3, 3) };
      const plain = graphOf({ z: [1, 2, 5, 5] }, nodes, { constants, outputs: ['r', 'y', 'c'] });
      const types = new Map<string, TensorType>([...plain.types, ['x', { dtype, shape: [3, 4] }]]);
      const graph = await prepareGraph({ ...plain, inputs: ['x', 'z'], types }, engine);
      expect(graph.types.get('r')).toEqual({ dtype, shape: [3, 4] });
      const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth' });
      const z = numbers([1, 2, 5, 5]);
      const got = await runPlan(
        engine,
        graph,
        plan,
        new Map<string, Tensor>([
          ['x', x],
          ['z', z],
        ]),
      );
      // twice reversed is as before
      expect(Array.from(got.get('y')!.data as Uint8Array)).toEqual(Array.from(x.data as Uint8Array));
      expect(got.get('r')!.dtype).toBe(dtype);
      expect(plan.stages.map(({ scheme }) => scheme)).not.toEqual(['local']);
    }
  });
});

function copied<D extends DType>(dtype: D, data: Uint8Array): ArrayOf<D> {
  const wide = dtype === 'int64' || dtype === 'uint64';
  const values: readonly unknown[] = Array.from(data, (value) => (wide ? BigInt(value) : value));
  return (ARRAYS[dtype] as { from(values: readonly unknown[]): unknown }).from(values) as ArrayOf<D>;
}
