import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../src/engine/prepare.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { openTensors } from '../../src/graph/infer.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import type { DType } from '../../src/tensor/dtype.ts';
import { Tensor, type TensorType } from '../../src/tensor/tensor.ts';
import { runPlan } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { floats, graphOf, ints, nodeOf } from '../support/graphs.ts';
import { difference, runOnnx } from '../support/onnxruntime.ts';
import { numbers } from '../support/operators.ts';

const workers = [1, 2, 1].map((weight, at) => ({ id: `agent-${at}`, weight }));
const TOLERANCE = { relative: 1e-5, absolute: 1e-5 };

interface Case {
  /** What follows c, the convolution of x, and n, an input of whole numbers; its last output is y. */
  readonly nodes: readonly Node[];
  /** Several n, none of them zeros. */
  readonly n: readonly (readonly number[])[];
  readonly constants?: Record<string, Tensor>;
  readonly opset?: number;
  /** Of n; default [n.length]. */
  readonly scalar?: true;
}

const one = ints(1);
const scalarOf = (value: number) => Tensor.of('int64', [], BigInt64Array.of(BigInt(value)));

const CASES: Readonly<Record<string, Case>> = {
  'Resize to a size that is an input': {
    nodes: [
      nodeOf('Concat', ['head', 'n'], ['sizes'], { axis: 0 }),
      nodeOf('Resize', ['c', '', '', 'sizes'], ['y'], { mode: 'linear' }),
    ],
    constants: { head: ints(1, 4) },
    n: [
      [12, 16],
      [9, 5],
    ],
  },
  'Reshape to the values of an input': {
    nodes: [nodeOf('Reshape', ['c', 'n'], ['y'])],
    n: [
      [2, -1],
      [4, 64],
    ],
  },
  'Expand to the values of an input': {
    nodes: [nodeOf('Expand', ['c', 'n'], ['y'])],
    n: [
      [2, 1, 1, 1],
      [3, 4, 8, 8],
    ],
  },
  'Tile by the values of an input': {
    nodes: [nodeOf('Tile', ['c', 'n'], ['y'])],
    n: [
      [1, 1, 1, 2],
      [2, 1, 3, 1],
    ],
  },
  'TopK whose k is an input': {
    nodes: [nodeOf('TopK', ['c', 'n'], ['v', 'i'], { axis: 3 }), nodeOf('Relu', ['v'], ['y'])],
    n: [[2], [5]],
  },
  'Slice to an end that is an input': {
    nodes: [nodeOf('Slice', ['c', 'start', 'n', 'axis'], ['y'])],
    constants: { start: ints(0), axis: ints(3) },
    n: [[3], [6]],
  },
  'Pad by the values of an input': {
    nodes: [nodeOf('Pad', ['c', 'n'], ['y'])],
    n: [
      [0, 0, 1, 1, 0, 0, 1, 1],
      [0, 0, 0, 2, 0, 0, 0, 3],
    ],
  },
  'Range to an input': {
    nodes: [
      nodeOf('Range', ['from', 'n', 'by'], ['range']),
      nodeOf('Cast', ['range'], ['f'], { to: 1 }),
      nodeOf('ReduceMax', ['c'], ['m'], { keepdims: 0 }),
      nodeOf('Add', ['f', 'm'], ['y']),
    ],
    constants: { from: scalarOf(0), by: scalarOf(1) },
    scalar: true,
    n: [[3], [7]],
  },
  'ConstantOfShape of an input': {
    nodes: [
      nodeOf('ConstantOfShape', ['n'], ['z']),
      nodeOf('ReduceMax', ['c'], ['m'], { keepdims: 0 }),
      nodeOf('Add', ['z', 'm'], ['y']),
    ],
    n: [
      [2, 3],
      [4, 1],
    ],
  },
  'OneHot whose depth is an input': {
    nodes: [
      nodeOf('ArgMax', ['c'], ['a'], { axis: 1, keepdims: 0 }),
      nodeOf('OneHot', ['a', 'n', 'values'], ['y']),
    ],
    constants: { values: floats(2) },
    n: [[5], [9]],
  },
  'CenterCropPad to an input': {
    nodes: [nodeOf('CenterCropPad', ['c', 'n'], ['y'], { axes: [2, 3] })],
    opset: 18,
    n: [
      [6, 6],
      [4, 10],
    ],
  },
  'Squeeze of axes that are an input': {
    nodes: [nodeOf('ReduceMax', ['c'], ['m'], { axes: [1, 3] }), nodeOf('Squeeze', ['m', 'n'], ['y'])],
    n: [[1], [3]],
  },
  'Unique, whose number of values differs': {
    nodes: [
      nodeOf('Gather', ['c', 'n'], ['part'], { axis: 3 }),
      nodeOf('Unique', ['part'], ['u']),
      nodeOf('Relu', ['u'], ['y']),
    ],
    n: [[1], [2]],
  },
  'Compress by a mask': {
    nodes: [
      nodeOf('Greater', ['n', 'zero'], ['mask']),
      nodeOf('Compress', ['c', 'mask'], ['y'], { axis: 1 }),
    ],
    constants: { zero: ints(0) },
    n: [
      [1, 0, 1, 0],
      [1, 1, 1, 0],
    ],
  },
  'a list of tensors': {
    nodes: [
      nodeOf('SplitToSequence', ['c', 'parts'], ['list'], { axis: 1 }),
      nodeOf('SequenceAt', ['list', 'n'], ['part']),
      nodeOf('Relu', ['part'], ['y']),
    ],
    constants: { parts: ints(1, 3) },
    scalar: true,
    n: [[1], [-1]],
  },
  'a list that is put together': {
    nodes: [
      nodeOf('SequenceConstruct', ['c', 'c'], ['list']),
      nodeOf('SequenceInsert', ['list', 'c'], ['longer']),
      nodeOf('SequenceErase', ['longer', 'n'], ['shorter']),
      nodeOf('ConcatFromSequence', ['shorter'], ['y'], { axis: 1 }),
    ],
    scalar: true,
    n: [[1], [0]],
  },
  'a tensor that may be absent': {
    nodes: [
      nodeOf('Optional', ['c'], ['perhaps']),
      nodeOf('OptionalGetElement', ['perhaps'], ['there']),
      nodeOf('Gather', ['there', 'n'], ['y'], { axis: 1 }),
    ],
    opset: 18,
    n: [[1], [2]],
  },
  'text between two casts': {
    nodes: [
      nodeOf('Cast', ['n'], ['text'], { to: 8 }),
      nodeOf('Cast', ['text'], ['number'], { to: 1 }),
      nodeOf('Mul', ['c', 'number'], ['y']),
    ],
    n: [[3], [7]],
  },
};

function modelOf({ nodes, n, constants = {}, opset = 13, scalar }: Case): Graph {
  const conv = nodeOf('Conv', ['x', 'w'], ['c'], { pads: [1, 1, 1, 1] });
  const shape = scalar ? [] : [n[0]!.length];
  const plain = graphOf({ x: [1, 3, 8, 8] }, [conv, ...nodes], {
    constants: { w: numbers([4, 3, 3, 3], 5), one, ...constants },
    outputs: ['c', 'y'],
    opset,
  });
  const types = new Map<string, TensorType>([
    ...plain.types,
    ['n', { dtype: 'int64' satisfies DType, shape }],
  ]);
  return { ...plain, inputs: ['x', 'n'], types };
}

describe('a tensor whose shape depends on the values of an input', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(Object.entries(CASES))('%s stays with the master, and the convolution is cut', async (_, each) => {
    const original = modelOf(each);
    const graph = await prepareGraph(original, engine);
    expect(graph.types.has('y')).toBe(false);
    expect(openTensors(graph).has('y')).toBe(true);
    expect(graph.types.get('c')?.shape).toEqual([1, 4, 8, 8]);
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth' });
    expect(plan.stages.map(({ scheme }) => scheme)).toContain('output-depth');
    for (const [at, values] of each.n.entries()) {
      const inputs: Record<string, Tensor> = {
        x: numbers([1, 3, 8, 8], at + 1),
        n: Tensor.of('int64', each.scalar ? [] : [values.length], BigInt64Array.from(values, BigInt)),
      };
      const got = await runPlan(engine, graph, plan, new Map(Object.entries(inputs)));
      const want = await runOnnx(writeOnnx(original), inputs);
      for (const name of ['c', 'y']) {
        expect(difference(got.get(name)!, want[name]!, TOLERANCE)).toBeUndefined();
      }
    }
  });

  it('an operator that is not known, and whose runs differ in shape, is found by running it', async () => {
    const named = modelOf({
      nodes: [{ ...nodeOf('Unique', ['x'], ['u']), domain: 'com.microsoft' }, nodeOf('Relu', ['u'], ['y'])],
      n: [[1]],
    });
    // onnxruntime's own operator, which our tables do not have: sorted values, and where they are, of a vector
    const nodes = [
      ...named.nodes.slice(0, 1),
      nodeOf('Reshape', ['c', 'flat'], ['v']),
      { ...nodeOf('Unique', ['v'], ['u', 'at', 'count']), domain: 'com.microsoft' },
      nodeOf('Relu', ['u'], ['y']),
    ];
    const initializers = new Map([...named.initializers, ['flat', ints(-1)]]);
    const original = { ...named, nodes, initializers, opsets: { ...named.opsets, 'com.microsoft': 1 } };
    const graph = await prepareGraph(original, engine);
    expect([...openTensors(graph)].sort()).toEqual(['at', 'count', 'u', 'y']);
    const plan = planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth' });
    const inputs = { x: numbers([1, 3, 8, 8], 4), n: ints(1) };
    const got = await runPlan(engine, graph, plan, new Map<string, Tensor>(Object.entries(inputs)));
    const want = await runOnnx(writeOnnx(original), inputs);
    expect(difference(got.get('y')!, want['y']!, TOLERANCE)).toBeUndefined();
  });

  it('what only depends on shapes is known, although an operator in between is not', async () => {
    const graph = await prepareGraph(
      modelOf({
        nodes: [
          nodeOf('ReverseSequence', ['c', 'lengths'], ['r'], { batch_axis: 0, time_axis: 1 }),
          nodeOf('Shape', ['r'], ['s']),
          nodeOf('Gather', ['s', 'first'], ['f']),
          nodeOf('Concat', ['f', 'rest'], ['to'], { axis: 0 }),
          nodeOf('Reshape', ['r', 'to'], ['y']),
        ],
        constants: { lengths: ints(4), first: ints(0, 1), rest: ints(-1) },
        n: [[1]],
      }),
      engine,
    );
    expect(graph.types.get('y')?.shape).toEqual([1, 4, 64]);
    expect(openTensors(graph).size).toBe(0);
  });
});
