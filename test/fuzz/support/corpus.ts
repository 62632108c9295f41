import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeOnnx } from '../../../src/formats/onnx/index.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { rankDecided } from '../../support/branches.ts';
import { floats, graphOf, ints, nodeOf } from '../../support/graphs.ts';
import { graphOfCase, NODE_CASES } from '../../support/operator-cases.ts';
import type { Model } from './mutator.ts';

const fixture = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url)));
const onnx = (name: string, bytes: Uint8Array): Model => ({
  name,
  entry: 'model.onnx',
  files: new Map([['model.onnx', bytes]]),
});

/** Convolutions of all kinds, what rides along with them, branches and a dense layer. */
function convolutional(): Graph {
  const pads = { pads: [1, 1, 1, 1] };
  const nodes = [
    nodeOf('Conv', ['x', 'w1', 'b1'], ['a'], { ...pads, strides: [2, 2] }),
    nodeOf('BatchNormalization', ['a', 'b1', 'b1', 'b1', 'b1'], ['n']),
    nodeOf('Relu', ['n'], ['r']),
    nodeOf('Conv', ['r', 'w2'], ['d'], { ...pads, group: 4 }),
    nodeOf('MaxPool', ['r'], ['m'], { kernel_shape: [3, 3], ...pads }),
    nodeOf('Concat', ['d', 'm'], ['c'], { axis: 1 }),
    nodeOf('ConvTranspose', ['c', 'w3'], ['t'], { strides: [2, 2] }),
    nodeOf('Shape', ['t'], ['s']),
    nodeOf('Gather', ['s', 'one'], ['g']),
    nodeOf('Concat', ['one', 'rest'], ['target'], { axis: 0 }),
    nodeOf('Slice', ['t', 'zero', 'g', 'one'], ['cut']),
    nodeOf('Reshape', ['cut', 'target'], ['f']),
    nodeOf('Gemm', ['f', 'w4'], ['y'], { transB: 1 }),
    nodeOf('Softmax', ['y'], ['p'], { axis: -1 }),
  ];
  const constants = {
    ...{ w1: floats(4, 3, 3, 3), b1: floats(4), w2: floats(4, 1, 3, 3), w3: floats(8, 2, 2, 2) },
    ...{ one: ints(1), zero: ints(0), rest: ints(-1), w4: floats(5, 128) },
  };
  return graphOf({ x: [1, 3, 8, 8] }, nodes, { constants });
}

/** Small models of every kind of layer, so that a mutation is likely to hit what matters. */
export const ONNX_CORPUS: readonly Model[] = [
  onnx('convolutional', writeOnnx(convolutional())),
  onnx('branches', rankDecided(3)),
  ...['qdq', 'qoperator', 'dynamic'].map((name) => onnx(name, fixture(`quantised/${name}.onnx`))),
  ...NODE_CASES.map((each) => onnx(each.op, writeOnnx(graphOfCase(each)))),
];
