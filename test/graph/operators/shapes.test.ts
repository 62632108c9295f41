import { describe, expect, it } from '@jest/globals';
import { inferTypes } from '../../../src/graph/infer.ts';
import { macsOf } from '../../../src/graph/macs.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { floats, graphOf, ints, nodeOf } from '../../support/graphs.ts';

type Attributes = Parameters<typeof nodeOf>[3];

interface Want {
  readonly shapes: readonly (readonly number[] | undefined)[];
  readonly macs?: number;
}

/** One node on x and constants; `outputs` many outputs. */
function run(
  op: string,
  input: number[],
  constants: Tensor[],
  attributes: Attributes,
  opset: number,
  outputs = 1,
) {
  const names = constants.map((_, at) => `c${at}`);
  const made = Array.from({ length: outputs }, (_, at) => `y${at}`);
  const node = nodeOf(op, ['x', ...names], made, attributes);
  const graph = inferTypes(
    graphOf({ x: input }, [node], {
      opset,
      constants: Object.fromEntries(constants.map((tensor, at) => [`c${at}`, tensor])),
    }),
  );
  return { shapes: made.map((name) => graph.types.get(name)?.shape), macs: macsOf(graph, node) };
}

const f = floats;

describe('shapes, worked out by hand', () => {
  const cases: [string, number[], Tensor[], Attributes, number, Want][] = [
    ['Conv', [1, 4, 8, 8], [f(6, 4, 3, 3)], {}, 13, { shapes: [[1, 6, 6, 6]], macs: 6 * 36 * 36 }],
    [
      'Conv',
      [1, 4, 8, 8],
      [f(6, 2, 3, 3)],
      { group: 2, pads: [1, 0, 0, 2] },
      13,
      { shapes: [[1, 6, 7, 8]], macs: 6 * 56 * 18 },
    ],
    [
      'Conv',
      [2, 4, 9, 9],
      [f(4, 1, 3, 3), f(4)],
      { group: 4, dilations: [2, 2], strides: [2, 1] },
      13,
      { shapes: [[2, 4, 3, 5]], macs: 2 * 4 * 15 * 9 },
    ],
    [
      'Conv',
      [1, 1, 7, 7],
      [f(1, 1, 3, 3)],
      { auto_pad: 'SAME_UPPER', strides: [2, 3] },
      13,
      { shapes: [[1, 1, 4, 3]] },
    ],
    [
      'Conv',
      [1, 2, 9],
      [f(3, 2, 4)],
      { auto_pad: 'VALID', strides: [2] },
      13,
      { shapes: [[1, 3, 3]], macs: 9 * 8 },
    ],
    ['Conv', [0, 1, 5, 5], [f(1, 1, 3, 3)], {}, 13, { shapes: [[0, 1, 3, 3]], macs: 0 }],
    ['Gemm', [3, 5], [f(5, 7), f(7)], {}, 13, { shapes: [[3, 7]], macs: 105 }],
    ['Gemm', [5, 3], [f(7, 5)], { transA: 1, transB: 1 }, 13, { shapes: [[3, 7]], macs: 105 }],
    ['MatMul', [2, 1, 3, 4], [f(5, 4, 6)], {}, 13, { shapes: [[2, 5, 3, 6]], macs: 2 * 5 * 3 * 4 * 6 }],
    ['MatMul', [3, 4], [f(4)], {}, 13, { shapes: [[3]], macs: 12 }],
    [
      'MaxPool',
      [1, 1, 4, 4],
      [],
      { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
      13,
      { shapes: [[1, 1, 2, 2]], macs: 0 },
    ],
    [
      'AveragePool',
      [1, 1, 7],
      [],
      { kernel_shape: [2], strides: [3], ceil_mode: 1, pads: [0, 2] },
      13,
      { shapes: [[1, 1, 3]] },
    ],
    ['GlobalAveragePool', [2, 3, 4, 5], [], {}, 13, { shapes: [[2, 3, 1, 1]] }],
    ['BatchNormalization', [1, 3, 2], [f(3), f(3), f(3), f(3)], {}, 13, { shapes: [[1, 3, 2]] }],
    [
      'BatchNormalization',
      [1, 3, 2],
      [f(3, 2), f(3, 2), f(3, 2), f(3, 2)],
      { spatial: 0 },
      7,
      { shapes: [[1, 3, 2]] },
    ],
    ['PRelu', [1, 3, 2, 2], [f(3, 1, 1)], {}, 13, { shapes: [[1, 3, 2, 2]] }],
    ['Add', [3, 1], [f(2, 1, 4)], {}, 13, { shapes: [[2, 3, 4]] }],
    ['Squeeze', [1, 3, 1], [], {}, 11, { shapes: [[3]] }],
    ['Squeeze', [1, 3, 1], [], { axes: [-1] }, 11, { shapes: [[1, 3]] }],
    ['Squeeze', [1, 3, 1], [ints(0)], {}, 13, { shapes: [[3, 1]] }],
    ['Unsqueeze', [3], [], { axes: [0, 2] }, 11, { shapes: [[1, 3, 1]] }],
    ['Unsqueeze', [3], [ints(-1, 0)], {}, 13, { shapes: [[1, 3, 1]] }],
    ['ReduceMean', [2, 3, 4], [], { axes: [1, -1], keepdims: 0 }, 13, { shapes: [[2]] }],
    ['ReduceMean', [2, 3, 4], [ints(1)], {}, 18, { shapes: [[2, 1, 4]] }],
    ['Slice', [5, 6], [], { starts: [1, -3], ends: [2 ** 63, -1], axes: [0, 1] }, 9, { shapes: [[4, 2]] }],
    ['Slice', [5, 6], [ints(4), ints(-100), ints(0), ints(-2)], {}, 13, { shapes: [[3, 6]] }],
    ['Slice', [0, 6], [ints(-1), ints(-9), ints(0), ints(-1)], {}, 13, { shapes: [[0, 6]] }],
    ['Pad', [1, 2], [], { pads: [0, 1, 2, 3] }, 2, { shapes: [[3, 6]] }],
    ['Pad', [1, 2], [ints(0, -1, 2, 0)], {}, 13, { shapes: [[3, 1]] }],
    ['Flatten', [2, 3, 4], [], { axis: -1 }, 13, { shapes: [[6, 4]] }],
    ['Reshape', [2, 3, 4], [ints(0, -1)], {}, 13, { shapes: [[2, 12]] }],
    ['Reshape', [0, 3], [ints(3, 0)], { allowzero: 1 }, 14, { shapes: [[3, 0]] }],
    ['Reshape', [2, 3], [], { shape: [6] }, 1, { shapes: [[6]] }],
    ['Transpose', [2, 3, 4], [], { perm: [2, 0, 1] }, 13, { shapes: [[4, 2, 3]] }],
    [
      'Gather',
      [2, 3, 4],
      [Tensor.of('int64', [5, 1], new BigInt64Array(5))],
      { axis: 1 },
      13,
      { shapes: [[2, 5, 1, 4]] },
    ],
    ['DepthToSpace', [1, 8, 2, 3], [], { blocksize: 2 }, 13, { shapes: [[1, 2, 4, 6]] }],
    ['Resize', [1, 1, 3, 5], [Tensor.float32([4], [1, 1, 2, 0.6])], {}, 10, { shapes: [[1, 1, 6, 3]] }],
    ['Concat', [1, 2, 3], [f(1, 5, 3)], { axis: -2 }, 13, { shapes: [[1, 7, 3]] }],
    ['LRN', [1, 2, 3, 3], [], { size: 3 }, 13, { shapes: [[1, 2, 3, 3]] }],
  ];

  it.each(cases)('%s of %j', (op, input, constants, attributes, opset, want) => {
    expect(run(op, input, constants, attributes, opset)).toMatchObject(want);
  });

  it('gives all outputs of operators that have several', () => {
    expect(run('MaxPool', [1, 1, 4, 4], [], { kernel_shape: [2, 2] }, 13, 2).shapes).toEqual([
      [1, 1, 3, 3],
      [1, 1, 3, 3],
    ]);
    expect(run('Split', [1, 5], [], { axis: 1, num_outputs: 3 }, 18, 3).shapes).toEqual([
      [1, 2],
      [1, 2],
      [1, 1],
    ]);
    expect(run('Split', [6], [], { split: [1, 5] }, 11, 2).shapes).toEqual([[1], [5]]);
    expect(run('Dropout', [2, 3], [], {}, 12, 2).shapes).toEqual([
      [2, 3],
      [2, 3],
    ]);
    const parameters = [f(3), f(3), f(3), f(3)];
    expect(run('BatchNormalization', [1, 3, 2], parameters, {}, 8, 5).shapes).toEqual([
      [1, 3, 2],
      [3],
      [3],
      [3],
      [3],
    ]);
  });
});

describe('shapes that do not fit', () => {
  const cases: [string, number[], Tensor[], Attributes, number][] = [
    ['Conv', [1, 4, 8, 8], [f(6, 3, 3, 3)], {}, 13],
    ['Conv', [1, 4, 2, 2], [f(6, 4, 3, 3)], {}, 13],
    ['Conv', [1, 4, 8, 8], [f(6, 4, 3, 3)], { strides: [0, 1] }, 13],
    ['Conv', [1, 4, 8, 8], [f(6, 4, 3, 3)], { strides: [1] }, 13],
    ['Conv', [1, 4, 8, 8], [f(6, 4, 3, 3), f(5)], {}, 13],
    ['MaxPool', [1, 4, 8, 8], [], {}, 13],
    ['Gemm', [3, 5], [f(4, 7)], {}, 13],
    ['MatMul', [3, 5], [f(4, 7)], {}, 13],
    ['Add', [3, 2], [f(3)], {}, 13],
    ['Reshape', [2, 3], [ints(4, -1)], {}, 13],
    ['Squeeze', [2, 3], [ints(0)], {}, 13],
    ['Concat', [2, 3], [f(2, 4)], { axis: 0 }, 13],
    ['Transpose', [2, 3], [], { perm: [0, 0] }, 13],
    ['Slice', [5], [ints(0), ints(1), ints(0), ints(0)], {}, 13],
    ['Split', [5], [ints(2, 2)], {}, 13],
    ['Flatten', [5], [], { axis: 3 }, 13],
    ['DepthToSpace', [1, 3, 2, 2], [], { blocksize: 2 }, 13],
    ['Pad', [3], [ints(-2, -2)], {}, 13],
  ];

  it.each(cases)('%s of %j is refused by name', (op, input, constants, attributes, opset) => {
    const infer = () => run(op, input, constants, attributes, opset);
    expect(infer).toThrow(expect.objectContaining({ code: 'ISO_ERR_SHAPE_INVALID' }));
    expect(infer).toThrow(`${op}_y0`);
  });
});
