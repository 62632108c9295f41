import { describe, expect, it } from '@jest/globals';
import { writeOnnx } from '../../../src/formats/onnx/index.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { floats, graphOf, ints, nodeOf } from '../../support/graphs.ts';
import { difference, runOnnx } from '../../support/onnxruntime.ts';

const EXACT = { relative: 0, absolute: 0 };
const ROUNDING = { relative: 1e-5, absolute: 1e-5 };

function ops(graph: Graph): string[] {
  return graph.nodes.map((node) => node.op);
}

/** Simplifies, and checks with onnxruntime that every output is what it was. */
async function simplified(graph: Graph, tolerance = EXACT, options = {}): Promise<Graph> {
  const before = inferTypes(graph);
  const after = inferTypes(simplify(before, options));
  const inputs = Object.fromEntries(
    graph.inputs.map((name) => [name, floats(...graph.types.get(name)!.shape)]),
  );
  const [wanted, got] = [await runOnnx(writeOnnx(before), inputs), await runOnnx(writeOnnx(after), inputs)];
  expect(after.outputs).toEqual(graph.outputs);
  for (const name of graph.outputs) {
    expect(difference(got[name]!, wanted[name]!, tolerance)).toBeUndefined();
  }
  return after;
}

describe('identities', () => {
  const relu = nodeOf('Relu', ['x'], ['r']);

  it('are dropped, and a graph output keeps its name', async () => {
    const nodes = [relu, nodeOf('Dropout', ['r'], ['d']), nodeOf('Identity', ['d'], ['i'])];
    const after = await simplified(graphOf({ x: [4] }, nodes));
    expect(after.nodes).toMatchObject([{ op: 'Relu', inputs: ['x'], outputs: ['i'] }]);
  });

  it('of which several readers and two outputs hang keep all of these', async () => {
    const nodes = [
      relu,
      nodeOf('Identity', ['r'], ['a']),
      nodeOf('Identity', ['a'], ['b']),
      nodeOf('Add', ['r', 'a'], ['c']),
      nodeOf('Mul', ['b', 'c'], ['y']),
    ];
    const after = await simplified(graphOf({ x: [4] }, nodes, { outputs: ['a', 'b', 'y'] }));
    expect(ops(after)).toEqual(['Relu', 'Identity', 'Add', 'Mul']);
  });

  it('between an input and an output stay', async () => {
    expect(ops(await simplified(graphOf({ x: [4] }, [nodeOf('Identity', ['x'], ['y'])])))).toEqual([
      'Identity',
    ]);
  });

  it('that make a mask somebody reads stay', async () => {
    const nodes = [nodeOf('Dropout', ['x'], ['d', 'm']), nodeOf('Cast', ['m'], ['y'], { to: 1 })];
    expect(ops(await simplified(graphOf({ x: [4] }, nodes)))).toEqual(['Dropout', 'Cast']);
  });

  it('that a subgraph captures stay', () => {
    const body = { type: 'opaque' as const, proto: new Uint8Array(), reads: ['i'] };
    const loop = { ...nodeOf('If', ['c'], ['y']), attributes: { then_branch: body } };
    const graph = graphOf({ x: [4], c: [] }, [nodeOf('Identity', ['x'], ['i']), loop]);
    expect(ops(simplify(inferTypes(graph)))).toEqual(['Identity', 'If']);
  });
});

describe('constants', () => {
  it('made in the graph become filters', async () => {
    const nodes = [
      nodeOf('ConstantOfShape', ['s'], ['w0'], { value: Tensor.float32([1], [0.5]) }),
      nodeOf('Reshape', ['w0', 't'], ['w1']),
      nodeOf('Transpose', ['w1'], ['w2'], { perm: [1, 0, 3, 2] }),
      nodeOf('Cast', ['w2'], ['w'], { to: 1 }),
      nodeOf('Conv', ['x', 'w'], ['y']),
    ];
    const constants = { s: ints(2, 54), t: ints(4, 3, 3, 3) };
    const after = await simplified(graphOf({ x: [1, 4, 5, 5] }, nodes, { constants }));
    expect(ops(after)).toEqual(['Conv']);
    expect([...after.initializers.keys()]).toEqual(['w']);
    expect(after.initializers.get('w')).toMatchObject({ shape: [3, 4, 3, 3] });
  });

  it('that are graph outputs stay with their nodes', async () => {
    const nodes = [nodeOf('Relu', ['x'], ['y']), nodeOf('Constant', [], ['c'], { value: floats(3) })];
    expect(ops(await simplified(graphOf({ x: [2] }, nodes, { outputs: ['y', 'c'] })))).toEqual([
      'Relu',
      'Constant',
    ]);
  });

  it('of every kind of computation are what onnxruntime computes', async () => {
    const nodes = [
      nodeOf('Slice', ['a', 'from', 'to', 'axes', 'steps'], ['s']),
      nodeOf('Gather', ['s', 'pick'], ['g'], { axis: 1 }),
      nodeOf('Concat', ['g', 'g'], ['k'], { axis: 1 }),
      nodeOf('Unsqueeze', ['k', 'pick0'], ['u']),
      nodeOf('Div', ['u', 'three'], ['d']),
      nodeOf('Cast', ['d'], ['n'], { to: 7 }),
      nodeOf('Mul', ['n', 'minus'], ['p']),
      nodeOf('Div', ['p', 'minus7'], ['q']),
      nodeOf('Cast', ['q'], ['f'], { to: 1 }),
      nodeOf('Add', ['x', 'f'], ['y']),
    ];
    const constants = {
      a: floats(4, 6),
      from: ints(-1, 1),
      to: ints(-100, 6),
      axes: ints(0, 1),
      steps: ints(-2, 1),
      pick: ints(-1, 0),
      pick0: ints(0),
      three: Tensor.float32([2, 1], [0.25, -0.5]),
      minus: ints(5),
      minus7: ints(-7),
    };
    const after = await simplified(graphOf({ x: [1] }, nodes, { constants }));
    expect(ops(after)).toEqual(['Add']);
  });
});

describe('batch normalisation', () => {
  const parameters = { s: floats(4), b: floats(4), m: floats(4), v: floats(4) };
  const norm = nodeOf('BatchNormalization', ['c', 's', 'b', 'm', 'v'], ['y'], { epsilon: 0.001 });
  const conv = nodeOf('Conv', ['x', 'w', 'bias'], ['c'], { group: 2 });
  const constants = { ...parameters, w: floats(4, 2, 3, 3), bias: floats(4) };
  const x = { x: [1, 4, 6, 6] };

  it('becomes part of the filters', async () => {
    const after = await simplified(graphOf(x, [conv, norm], { constants }), ROUNDING);
    expect(after.nodes).toMatchObject([{ op: 'Conv', outputs: ['y'] }]);
    expect(after.initializers.size).toBe(2);
  });

  it('becomes the bias of a Conv without one', async () => {
    const bare = { ...conv, inputs: ['x', 'w'] };
    expect(ops(await simplified(graphOf(x, [bare, norm], { constants }), ROUNDING))).toEqual(['Conv']);
  });

  it('stays where asked, or where something else reads the Conv', async () => {
    const graph = graphOf(x, [conv, norm], { constants });
    expect(ops(await simplified(graph, EXACT, { foldBatchNorm: false }))).toEqual([
      'Conv',
      'BatchNormalization',
    ]);
    expect(ops(await simplified({ ...graph, outputs: ['y', 'c'] }))).toEqual(['Conv', 'BatchNormalization']);
    const add = nodeOf('Add', ['c', 'y'], ['z']);
    const shared = graphOf(x, [conv, norm, add], { constants });
    expect(ops(await simplified(shared))).toEqual(['Conv', 'BatchNormalization', 'Add']);
  });
});

it('what no output depends on is dropped, but not the inputs', async () => {
  const nodes = [nodeOf('Relu', ['z'], ['unused']), nodeOf('Relu', ['x'], ['y'])];
  const after = await simplified(graphOf({ x: [2], z: [2] }, nodes, { constants: { w: floats(2) } }));
  expect(ops(after)).toEqual(['Relu']);
  expect(after.inputs).toEqual(['x', 'z']);
  expect(after.initializers.size).toBe(0);
  expect([...after.types.keys()].sort()).toEqual(['x', 'y', 'z']);
});

describe('layout and pooling', () => {
  const pads = ints(0, 0, 1, 0, 0, 0, 2, 1);

  it('zeros around a plane become pads of every convolution that reads them', async () => {
    const nodes = [
      nodeOf('Pad', ['x', 'pads'], ['p']),
      nodeOf('Conv', ['p', 'w'], ['a'], { pads: [1, 0, 0, 1] }),
      nodeOf('Conv', ['p', 'w'], ['b'], { auto_pad: 'VALID' }),
      nodeOf('Add', ['a0', 'b'], ['y']),
    ];
    nodes.splice(3, 0, nodeOf('MaxPool', ['a'], ['a0'], { kernel_shape: [2, 2] }));
    const after = await simplified(
      graphOf({ x: [1, 2, 6, 6] }, nodes, { constants: { pads, w: floats(3, 2, 3, 3) } }),
    );
    expect(ops(after)).toEqual(['Conv', 'Conv', 'MaxPool', 'Add']);
    expect(after.nodes[0]!.attributes['pads']).toEqual({ type: 'ints', value: [2, 0, 2, 2] });
  });

  it.each([
    ['of another value', 'constant', 1],
    ['that mirror', 'reflect', 0],
  ])('pads %s stay', async (_, mode, value) => {
    const nodes = [nodeOf('Pad', ['x', 'pads', 'v'], ['p'], { mode }), nodeOf('Conv', ['p', 'w'], ['y'])];
    const constants = { pads, w: floats(3, 2, 3, 3), v: Tensor.float32([], [value]) };
    expect(ops(await simplified(graphOf({ x: [1, 2, 6, 6] }, nodes, { constants })))).toEqual([
      'Pad',
      'Conv',
    ]);
  });

  it('a Pad that something else reads stays for that', async () => {
    const nodes = [
      nodeOf('Pad', ['x', 'pads'], ['p']),
      nodeOf('Conv', ['p', 'w'], ['c']),
      nodeOf('Relu', ['p'], ['r']),
      nodeOf('Add', ['c', 'm'], ['y']),
    ];
    nodes.splice(3, 0, nodeOf('MaxPool', ['r'], ['m'], { kernel_shape: [3, 3] }));
    const after = await simplified(
      graphOf({ x: [1, 2, 6, 6] }, nodes, { constants: { pads, w: floats(2, 2, 3, 3) } }),
    );
    expect(ops(after)).toContain('Pad');
  });

  it('means and maxima over the plane become global poolings', async () => {
    const nodes = [
      nodeOf('ReduceMean', ['x'], ['a'], { axes: [2, -1], keepdims: 0 }),
      nodeOf('ReduceMax', ['x'], ['b'], { axes: [2, 3] }),
      nodeOf('Flatten', ['b'], ['f']),
      nodeOf('ReduceMean', ['x'], ['c'], { axes: [1, 2], keepdims: 0 }),
      nodeOf('Concat', ['a', 'f', 'c'], ['y'], { axis: 1 }),
    ];
    const after = await simplified(graphOf({ x: [1, 2, 6, 6] }, nodes));
    expect(ops(after)).toEqual([
      'GlobalAveragePool',
      'Reshape',
      'GlobalMaxPool',
      'Flatten',
      'ReduceMean',
      'Concat',
    ]);
  });

  it('a Reshape of a Reshape reads its source, and one back to the first shape vanishes', async () => {
    const nodes = [
      nodeOf('Flatten', ['x'], ['f']),
      nodeOf('Reshape', ['f', 's'], ['r']),
      nodeOf('Unsqueeze', ['r', 'axis'], ['u']),
      nodeOf('Reshape', ['f', 'back'], ['b']),
      nodeOf('Add', ['b', 'x'], ['z']),
      nodeOf('Relu', ['u'], ['y']),
    ];
    const constants = { s: ints(1, 36, 2), axis: ints(0), back: ints(1, 2, 6, 6) };
    const after = await simplified(graphOf({ x: [1, 2, 6, 6] }, nodes, { constants, outputs: ['y', 'z'] }));
    expect(ops(after).sort()).toEqual(['Add', 'Relu', 'Reshape']);
  });
});
