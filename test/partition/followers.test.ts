import { describe, expect, it } from '@jest/globals';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { layerDepth } from '../../src/partition/depth.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { floats, graphOf, ints, nodeOf } from '../support/graphs.ts';

const conv = nodeOf('Conv', ['x', 'w'], ['a']);
const gemm = nodeOf('Gemm', ['v', 'm'], ['a']);
const CONSTANTS = {
  w: floats(6, 3, 1, 1),
  m: floats(4, 6),
  bias: floats(1, 6, 1, 1),
  wide: floats(1, 1, 5, 5),
  depthwise: floats(12, 1, 1, 1),
  grouped: floats(6, 2, 1, 1),
  six: floats(6),
  flat: ints(1, -1),
  rows: ints(1, 3, 2, 5, 5),
};

/** Operators that follow `head`, each reading the tensor before it. */
function chain(
  head: Node,
  ops: readonly (readonly [string, ...string[]])[],
  attributes: object[] = [],
): Graph {
  const nodes = ops.map(([op, ...constants], at) =>
    nodeOf(op, [at === 0 ? 'a' : `t${at - 1}`, ...constants], [`t${at}`], { ...attributes[at] }),
  );
  const used = new Set([head, ...nodes].flatMap(({ inputs }) => inputs));
  const constants = Object.fromEntries(Object.entries(CONSTANTS).filter(([name]) => used.has(name)));
  const inputs = head === conv ? { x: [1, 3, 5, 5] } : { v: [1, 4] };
  return inferTypes(graphOf(inputs, [head, ...nodes], { constants }));
}

/** What the strategy `depth` puts into one stage with the first layer. */
function opsOf(graph: Graph): string[] {
  const fleet = fleetOfWorkers([{ id: 'a', weight: 1 }]);
  const [first] = planGraph(graph, fleet, { strategy: 'depth' }).stages;
  return first!.scheme === 'local' ? [] : first!.nodes.slice(1).map(({ op }) => op);
}

describe('what rides along behind a layer cut by output depth', () => {
  it('is channel-local: bias, normalisation, activations, pooling, depthwise convolutions, Flatten', () => {
    const graph = chain(
      conv,
      [
        ['Add', 'bias'],
        ['BatchNormalization', 'six', 'six', 'six', 'six'],
        ['Relu'],
        ['MaxPool'],
        ['Conv', 'depthwise'],
        ['Flatten'],
      ],
      [{}, {}, {}, { kernel_shape: [2, 2] }, { group: 6 }],
    );
    expect(opsOf(graph)).toEqual(['Add', 'BatchNormalization', 'Relu', 'MaxPool', 'Conv', 'Flatten']);
  });

  it.each([
    ['Softmax over channels', chain(conv, [['Softmax']], [{ axis: 1 }])],
    ['LRN', chain(conv, [['LRN']], [{ size: 3 }])],
    ['a convolution with groups of several channels', chain(conv, [['Conv', 'grouped']], [{ group: 3 }])],
    ['a transposition that moves the channels', chain(conv, [['Transpose']], [{ perm: [0, 2, 1, 3] }])],
    ['a reshape that spreads the channels over two axes', chain(conv, [['Reshape', 'rows']])],
    ['Softmax of a dense layer', chain(gemm, [['Softmax']])],
  ])('is not %s', (_, graph) => {
    expect(opsOf(graph)).toEqual([]);
  });

  it('is a softmax over rows, which leaves channels apart', () => {
    expect(opsOf(chain(conv, [['Softmax'], ['Relu']], [{ axis: 2 }]))).toEqual(['Softmax', 'Relu']);
  });

  it('ends at an output of the model, and where two nodes read', () => {
    const graph = chain(conv, [['Relu'], ['Sigmoid'], ['Tanh']]);
    expect(opsOf({ ...graph, outputs: ['t1', 't2'] })).toEqual(['Relu', 'Sigmoid']);
    const fork = graphOf(
      { x: [1, 3, 5, 5] },
      [conv, nodeOf('Relu', ['a'], ['b']), nodeOf('Tanh', ['b'], ['c']), nodeOf('Add', ['b', 'c'], ['y'])],
      { constants: { w: CONSTANTS.w } },
    );
    expect(opsOf(inferTypes(fork))).toEqual(['Relu']);
  });

  it('is nothing behind a node that has no depth', () => {
    const graph = inferTypes(
      graphOf({ a: [1, 3] }, [nodeOf('Relu', ['a'], ['b']), nodeOf('Tanh', ['b'], ['c'])]),
    );
    expect(layerDepth(graph, graph.nodes[0]!)).toBeUndefined();
    expect(opsOf(graph)).toEqual([]);
  });
});
