import { describe, expect, it } from '@jest/globals';
import { inferTypes } from '../../src/graph/infer.ts';
import { runOf } from '../../src/partition/run.ts';
import type { Assignment } from '../../src/partition/scheme.ts';
import { depthGrid } from '../../src/partition/schemes/depth-grid.ts';
import { schemeNamed } from '../../src/partition/schemes/index.ts';
import { inputDepth } from '../../src/partition/schemes/input-depth.ts';
import { outputDepth } from '../../src/partition/schemes/output-depth.ts';
import { coded } from '../support/code.ts';
import { floats, graphOf, nodeOf } from '../support/graphs.ts';

/** A convolution of `input` to `output` channels. */
function layer(input: number, output: number, attributes = {}) {
  const { group = 1 } = attributes as { group?: number };
  const node = nodeOf('Conv', ['x', 'w'], ['y'], attributes);
  const constants = { w: floats(output, input / group, 1, 1) };
  return inferTypes(graphOf({ x: [1, input, 4, 4] }, [node], { constants }));
}

const even = (workers: number) => new Array<number>(workers).fill(1);
const channels = ({ shard }: Assignment) =>
  `${shard.inputs[0]!.region[1]} -> ${shard.outputs[0]!.region[1]} ${shard.outputs[0]!.join}`;

describe('the depth grid', () => {
  it.each([
    [4, [2, 2]],
    [5, [2, 2]],
    [6, [2, 3]],
    [9, [3, 3]],
    [12, [3, 4]],
  ])('uses %i workers as %j groups of input and output channels', (workers, [pi, pf]) => {
    const graph = layer(12, 16);
    const cut = depthGrid.cut(runOf(graph, graph.nodes), even(workers));
    expect(new Set(cut.map(({ shard }) => String(shard.inputs[0]!.region[1]))).size).toBe(pi);
    expect(new Set(cut.map(({ shard }) => String(shard.outputs[0]!.region[1]))).size).toBe(pf);
    expect(cut).toHaveLength(pi! * pf!);
    expect(new Set(cut.map(({ worker }) => worker)).size).toBe(cut.length);
  });

  it('is output depth where fewer than four work', () => {
    for (const workers of [1, 2, 3]) {
      const graph = layer(6, 6);
      const cut = depthGrid.cut(runOf(graph, graph.nodes), even(workers));
      expect(cut.map(({ shard }) => String(shard.inputs[0]!.region[1]))).toEqual(
        even(workers).map(() => '0,6'),
      );
    }
  });

  it('gives idle workers nothing, in whichever column they stand', () => {
    const graph = layer(8, 8);
    const cut = depthGrid.cut(runOf(graph, graph.nodes), [1, 0, 0, 0, 1, 1]);
    expect(cut.map(({ worker }) => worker)).toEqual([0, 4, 5]);
  });

  it('holds each filter once and does each multiplication once', () => {
    const graph = layer(7, 9);
    for (const scheme of [depthGrid, inputDepth, outputDepth]) {
      const cut = scheme.cut(runOf(graph, graph.nodes), [3, 1, 2, 1, 1]);
      const sum = (what: 'macs' | 'filterBytes') => cut.reduce((total, { shard }) => total + shard[what], 0);
      expect([scheme.name, sum('filterBytes'), sum('macs')]).toEqual([scheme.name, 252, 7 * 9 * 16]);
    }
  });
});

describe('input and output depth', () => {
  it('cut by capacity', () => {
    const graph = layer(6, 9);
    expect(inputDepth.cut(runOf(graph, graph.nodes), [2, 1]).map(channels)).toEqual([
      '0,4 -> 0,9 sum',
      '4,6 -> 0,9 sum',
    ]);
    expect(outputDepth.cut(runOf(graph, graph.nodes), [2, 1]).map(channels)).toEqual([
      '0,6 -> 0,6 place',
      '0,6 -> 6,9 place',
    ]);
  });

  it('give more workers than channels nothing', () => {
    const graph = layer(2, 3);
    expect(inputDepth.cut(runOf(graph, graph.nodes), even(5))).toHaveLength(2);
    expect(outputDepth.cut(runOf(graph, graph.nodes), even(5))).toHaveLength(3);
  });

  it('send to each worker only the groups that its filters read', () => {
    const graph = layer(6, 6, { group: 3 });
    expect(outputDepth.cut(runOf(graph, graph.nodes), even(3)).map(channels)).toEqual([
      '0,2 -> 0,2 place',
      '2,4 -> 2,4 place',
      '4,6 -> 4,6 place',
    ]);
  });
});

describe('a layer that a scheme does not fit', () => {
  it.each([
    ['input-depth', layer(1, 4), 'one input channel'],
    ['output-depth', layer(4, 1), 'one output channel'],
    ['depth-grid', layer(1, 4), 'two channels at least'],
    ['depth-grid', layer(4, 4, { group: 2 }), 'groups'],
    [
      'output-depth',
      inferTypes(graphOf({ x: [1, 4] }, [nodeOf('Relu', ['x'], ['y'])])),
      'not a Conv, ConvTranspose, Gemm or MatMul',
    ],
  ])('%s says why', (name, graph, reason) => {
    const scheme = schemeNamed(name);
    expect(scheme.unfit(runOf(graph, graph.nodes))).toContain(reason);
    expect(() => scheme.cut(runOf(graph, graph.nodes), [1, 1])).toThrow(
      coded('ISO_ERR_SCHEME_UNFIT', reason),
    );
  });

  it('an unknown scheme is refused by name, and so is what every object has', () => {
    for (const name of ['diagonal', 'toString', '__proto__']) {
      expect(() => schemeNamed(name)).toThrow(coded('ISO_ERR_SCHEME_UNKNOWN', name));
    }
  });
});
