import { describe, expect, it } from '@jest/globals';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { runOf } from '../../src/partition/run.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { tilesOf } from '../../src/partition/schemes/tiles.ts';
import { coded } from '../support/code.ts';
import { floats, graphOf, nodeOf } from '../support/graphs.ts';
import { coverageFault } from '../support/run-shards.ts';

const conv = (x: string, y: string, filters: string, attributes = {}) =>
  nodeOf('Conv', [x, filters], [y], attributes);
const same = { pads: [1, 1, 1, 1] };

function typed(nodes: readonly Node[], options: Parameters<typeof graphOf>[2] = {}): Graph {
  const constants = {
    one: floats(6, 6, 1, 1),
    three: floats(6, 6, 3, 3),
    single: floats(1, 6, 1, 1),
    deep: floats(6, 1, 3, 3),
    dense: floats(6, 5),
    low: floats(1, 1, 1, 1),
  };
  return inferTypes(graphOf({ x: [1, 6, 8, 10] }, nodes, { ...options, constants }));
}

function run(nodes: readonly Node[], options: { outputs?: string[] } = {}) {
  const graph = typed(nodes, options);
  return runOf(graph, graph.nodes);
}

describe('a scheme says why it cannot cut a run', () => {
  const relu = nodeOf('Relu', ['x'], ['y']);
  const a = conv('x', 'a', 'one');
  const b = conv('a', 'b', 'three', same);
  const flat = nodeOf('Flatten', ['x'], ['y']);
  const pool = nodeOf('GlobalMaxPool', ['x'], ['y']);
  const lrn = nodeOf('LRN', ['a'], ['y'], { size: 3 });

  it.each([
    ['output-depth', [relu], 'its first node Relu_y is a Relu, not a Conv'],
    ['output-depth', [conv('x', 'y', 'single')], 'has one output channel'],
    ['output-depth', [a, b], 'a part of the channels needs more than the same part of a'],
    ['output-depth', [a, lrn], 'LRN_y (LRN) cannot be cut along its channels'],
    ['output-depth', [a, conv('a', 'y', 'single')], 'the channels of y do not go with the 6 channels'],
    ['input-depth', [a, nodeOf('Relu', ['a'], ['y'])], 'its last node Relu_y is a Relu'],
    ['input-depth', [nodeOf('Sub', ['low', 'x'], ['y'])], 'its last node Sub_y is a Sub'],
    ['input-depth', [conv('x', 'y', 'single'), conv('y', 'z', 'low')], 'do not go with the 6 channels'],
    ['input-depth', [a, b], 'needs more than the same part of x'],
    ['depth-grid', [a, nodeOf('Relu', ['a'], ['y'])], 'it has several nodes'],
    ['depth-grid', [conv('x', 'y', 'deep', { ...same, group: 6 })], 'it has groups'],
    ['depth-chain', [a], 'a chain needs two layers'],
    ['depth-chain', [a, conv('a', 'y', 'deep', { ...same, group: 6 })], 'is depthwise'],
    ['depth-chain', [a, lrn, conv('y', 'z', 'one')], 'LRN_y (LRN) cannot be cut along its channels'],
    ['rows', [flat], 'its output y has no rows'],
    ['rows', [pool], 'its outputs have one of the rows only'],
    ['columns', [flat], 'its output y has no columns'],
    ['tiles', [flat], 'its output y has no rows'],
    ['branches', [a, b], 'its nodes hang together'],
    ['branches', [a, nodeOf('Concat', ['a', 'x'], ['y'], { axis: 1 })], 'passes on x'],
  ])('%s: case %#', (name, nodes, reason) => {
    const candidate = run(nodes);
    const scheme = SCHEMES[name]!;
    expect(scheme.unfit(candidate)).toContain(reason);
    expect(() => scheme.cut(candidate, [1, 1])).toThrow(coded('ISO_ERR_SCHEME_UNFIT', reason));
  });

  it('and no scheme cuts an operator that nobody knows, but whole', () => {
    const strange = { ...nodeOf('Strange', ['x'], ['y']), domain: 'other' };
    const graph = typed([strange]);
    const types = new Map([...graph.types, ['y', graph.types.get('x')!] as const]);
    const candidate = runOf({ ...graph, types }, [strange]);
    const fitting = Object.values(SCHEMES).filter((scheme) => !scheme.unfit(candidate));
    expect(fitting.map(({ name }) => name)).toEqual(['replica']);
  });
});

describe('tiles', () => {
  const candidate = run([conv('x', 'y', 'one')]);
  const regions = (cut: ReturnType<(typeof SCHEMES)[string]['cut']>) =>
    cut.map(({ worker, shard }) => [worker, ...shard.outputs[0]!.region.slice(2)]);

  it('are bands as nearly square as the number of workers allows, sized by capacity', () => {
    expect(regions(SCHEMES['tiles']!.cut(candidate, [1, 1, 2, 2, 2]))).toEqual([
      [0, [0, 4], [0, 3]],
      [1, [0, 4], [3, 5]],
      [2, [0, 4], [5, 10]],
      [3, [4, 8], [0, 5]],
      [4, [4, 8], [5, 10]],
    ]);
  });

  it('leave out a worker without capacity', () => {
    const cut = SCHEMES['tiles']!.cut(candidate, [0, 1, 0, 1, 1, 1]);
    expect(cut.map(({ worker }) => worker)).toEqual([1, 3, 4, 5]);
  });

  it('of an explicit grid are equal and dealt out in proportion to the capacities', () => {
    const cut = tilesOf({ rows: 2, columns: 5 }).cut(candidate, [3, 1, 0, 1]);
    expect(cut.map(({ worker }) => worker)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 3, 3]);
    expect(new Set(cut.map(({ shard }) => shard.macs)).size).toBe(1);
    expect(coverageFault(candidate, cut)).toBeUndefined();
  });
});

describe('rows', () => {
  it('that lie in the padding alone go with their neighbours', () => {
    const candidate = run([conv('x', 'y', 'one', { pads: [2, 0, 2, 0] })]);
    const cut = SCHEMES['rows']!.cut(candidate, new Array(12).fill(1));
    expect(coverageFault(candidate, cut)).toBeUndefined();
    expect(cut.length).toBeLessThanOrEqual(12);
    expect(cut.length).toBeGreaterThanOrEqual(8);
  });

  it('of outputs of different heights lie over one another', () => {
    const half = nodeOf('MaxPool', ['a'], ['p'], { kernel_shape: [2, 2], strides: [2, 2] });
    const candidate = run([conv('x', 'a', 'one'), half], { outputs: ['a', 'p'] });
    const cut = SCHEMES['rows']!.cut(candidate, [1, 1]);
    expect(cut.map(({ shard }) => shard.outputs.map(({ region }) => region[2]))).toEqual([
      [
        [0, 4],
        [0, 2],
      ],
      [
        [4, 8],
        [2, 4],
      ],
    ]);
    expect(cut.map(({ shard }) => shard.inputs[0]!.region[2])).toEqual([
      [0, 4],
      [4, 8],
    ]);
  });
});

describe('branches', () => {
  const nodes = [
    conv('x', 'a', 'three', same),
    conv('x', 'b', 'one'),
    conv('x', 'c', 'single'),
    nodeOf('MaxPool', ['x'], ['d'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    nodeOf('Concat', ['a', 'b', 'c', 'd'], ['y'], { axis: 1 }),
  ];

  it('go to the worker that ends first, the longest first, and are placed where the Concat would put them', () => {
    const cut = SCHEMES['branches']!.cut(run(nodes), [1, 4]);
    expect(cut.map(({ worker, shard }) => [worker, shard.outputs.map(({ region }) => region[1])])).toEqual([
      [
        0,
        [
          [6, 12],
          [12, 13],
          [13, 19],
        ],
      ],
      [1, [[0, 6]]],
    ]);
    expect(cut.flatMap(({ shard }) => shard.program.nodes).some(({ op }) => op === 'Concat')).toBe(false);
  });

  it('may place a tensor twice, where it also leaves by itself', () => {
    const candidate = run(nodes, { outputs: ['y', 'b'] });
    const cut = SCHEMES['branches']!.cut(candidate, [1, 1, 1, 1]);
    expect(coverageFault(candidate, cut)).toBeUndefined();
    const twice = cut.find(({ shard }) => shard.outputs.length === 2)!.shard;
    expect(new Set(twice.program.outputs).size).toBe(2);
  });
});

it('writes a program when it is read, and only once', () => {
  const [first] = SCHEMES['rows']!.cut(run([conv('x', 'y', 'one')]), [1, 1]);
  expect(first!.shard.program).toBe(first!.shard.program);
});
