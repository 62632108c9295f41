import { describe, expect, it } from '@jest/globals';
import { writeOnnx } from '../../../../src/formats/onnx/index.ts';
import { inferTypes } from '../../../../src/graph/infer.ts';
import { simplify } from '../../../../src/graph/passes/index.ts';
import { Tensor } from '../../../../src/tensor/tensor.ts';
import { difference, runOnnx } from '../../../support/onnxruntime.ts';
import { numbers } from '../../../support/operators.ts';
import { FLOAT, GraphDefBuilder, INT32, readModel, runTfjs } from '../../../support/tfjs-graph.ts';

type Make = (builder: GraphDefBuilder, x: string) => string | string[];

const TOLERANCE = { relative: 1e-5, absolute: 1e-5 };
const X = [1, 7, 6, 4];

/** tfjs and onnxruntime, on what we read and on what is left after the passes, must agree. */
async function agrees(make: Make, shape: readonly number[] = X): Promise<void> {
  const builder = new GraphDefBuilder();
  const x = builder.placeholder('x', [null, ...shape.slice(1)]);
  const made = make(builder, x);
  const outputs =
    typeof made === 'string' ? { y: made } : Object.fromEntries(made.map((name, at) => [`y${at}`, name]));
  const model = builder.model(outputs);
  const { data } = numbers(shape, 3);
  const input = Tensor.float32(
    shape,
    data.map((value, at) => value / 4 + (at % 7) / 16),
  );
  const wanted = await runTfjs(model, new Map([['x', input]]));
  const graph = await readModel(model);
  expect([graph.inputs, graph.outputs]).toEqual([['x'], Object.keys(outputs)]);
  const simple = inferTypes(simplify(inferTypes(graph)));
  for (const each of [graph, simple]) {
    const got = await runOnnx(writeOnnx(each), { x: input });
    for (const [name, tensor] of wanted) expect(difference(got[name]!, tensor, TOLERANCE)).toBeUndefined();
  }
}

const same = { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: 'SAME' };
const valid = { ...same, padding: 'VALID' };

const conv =
  (attributes: object, kernel: readonly number[] = [3, 3, 4, 5]): Make =>
  (b, x) =>
    b.add('Conv2D', [x, b.floats(kernel)], { ...same, ...attributes });
const depthwise =
  (attributes: object, kernel: readonly number[] = [3, 2, 4, 2]): Make =>
  (b, x) =>
    b.add('DepthwiseConv2dNative', [x, b.floats(kernel)], { ...same, ...attributes });
const fused =
  (op: string, ops: string[], more: object = {}): Make =>
  (b, x) => {
    const filters = b.floats(op.includes('epthwise') ? [3, 3, 4, 1] : [3, 3, 4, 6]);
    const channels = op.includes('epthwise') ? 4 : 6;
    const args = ops.flatMap((name) =>
      name === 'BiasAdd' ? [b.floats([channels])] : name === 'Prelu' ? [b.floats([1, 1, channels])] : [],
    );
    return b.add(op, [x, filters, ...args], { ...same, fused_ops: ops, num_args: args.length, ...more });
  };
const unary =
  (op: string, attributes: object = {}): Make =>
  (b, x) =>
    b.add(op, [x], { ...attributes });
const ofPositive =
  (op: string): Make =>
  (b, x) =>
    b.add(op, [b.add('AddV2', [b.add('Abs', [x]), b.float(0.5)])]);
const binary =
  (op: string, shape: readonly number[] = [4]): Make =>
  (b, x) =>
    b.add(op, [x, b.positive(shape)]);
const reduce =
  (op: string, axes: number[], keep: boolean): Make =>
  (b, x) =>
    b.add(op, [x, b.ints(...axes)], { keep_dims: keep });
const pool =
  (op: string, attributes: object): Make =>
  (b, x) =>
    b.add(op, [x], { ksize: [1, 3, 2, 1], strides: [1, 2, 2, 1], padding: 'SAME', ...attributes });
const resize =
  (op: string, height: number, width: number, attributes: object): Make =>
  (b, x) =>
    b.add(op, [x, b.ints(height, width)], { align_corners: false, half_pixel_centers: false, ...attributes });
const strided =
  (begin: number[], end: number[], strides: number[], masks: object = {}): Make =>
  (b, x) =>
    b.add('StridedSlice', [x, b.ints(...begin), b.ints(...end), b.ints(...strides)], {
      begin_mask: 0,
      end_mask: 0,
      ellipsis_mask: 0,
      new_axis_mask: 0,
      shrink_axis_mask: 0,
      ...masks,
    });
const blocks =
  (inner: (b: GraphDefBuilder, x: string) => string, crops: number[]): Make =>
  (b, x) => {
    const apart = b.add('SpaceToBatchND', [
      x,
      b.ints(2, 2),
      b.constant(Tensor.of('int32', [2, 2], Int32Array.of(2, 3, 2, 2))),
    ]);
    return b.add('BatchToSpaceND', [
      inner(b, apart),
      b.ints(2, 2),
      b.constant(Tensor.of('int32', [2, 2], Int32Array.from(crops))),
    ]);
  };

// Where tfjs departs from TensorFlow it is no oracle: it skips an activation that is fused without a bias, makes FloorDiv of
// floats an int32, and knows no alpha of a fused depthwise LeakyRelu.
const CASES: Record<string, Make> = {
  '_FusedConv2D, BiasAdd, LeakyRelu': fused('_FusedConv2D', ['BiasAdd', 'LeakyRelu'], {
    leakyrelu_alpha: 0.3,
  }),
  FloorDiv: (b, x) =>
    b.add('Cast', [b.add('FloorDiv', [x, b.positive([4])])], { SrcT: INT32, DstT: { type: 'DT_FLOAT' } }),
  'Conv2D, SAME': conv({}),
  'Conv2D, VALID': conv(valid),
  'Conv2D, SAME with an even kernel': conv({}, [2, 4, 4, 3]),
  'Conv2D, strides': conv({ strides: [1, 2, 2, 1] }),
  'Conv2D, strides larger than the kernel': conv({ strides: [1, 3, 3, 1] }, [1, 1, 4, 3]),
  'Conv2D, dilations': conv({ dilations: [1, 2, 2, 1] }),
  'Conv2D, EXPLICIT': conv({ padding: 'EXPLICIT', explicit_paddings: [0, 0, 1, 2, 0, 1, 0, 0] }),
  'Conv2D, NCHW': (b, x) =>
    b.add('Conv2D', [b.add('Transpose', [x, b.ints(0, 3, 1, 2)]), b.floats([3, 3, 4, 5])], {
      ...same,
      data_format: 'NCHW',
    }),
  'Conv2D, NCHW with a bias': (b, x) => {
    const made = b.add('Conv2D', [b.add('Transpose', [x, b.ints(0, 3, 1, 2)]), b.floats([3, 3, 4, 7])], {
      ...same,
      data_format: 'NCHW',
    });
    return b.add('Add', [made, b.add('Reshape', [b.floats([7]), b.ints(7, 1, 1)])]);
  },
  DepthwiseConv2dNative: depthwise({}),
  'DepthwiseConv2dNative, strides': depthwise({ strides: [1, 2, 2, 1] }, [3, 3, 4, 1]),
  'DepthwiseConv2dNative, dilations, VALID': depthwise(
    { padding: 'VALID', dilations: [1, 2, 2, 1] },
    [2, 2, 4, 3],
  ),
  ...Object.fromEntries(
    ['_FusedConv2D', 'FusedDepthwiseConv2dNative'].flatMap((op) => [
      [`${op}, BiasAdd`, fused(op, ['BiasAdd'])],
      ...['Relu', 'Relu6', 'Elu', 'Prelu', 'Sigmoid'].map((name) => [
        `${op}, BiasAdd, ${name}`,
        fused(op, ['BiasAdd', name]),
      ]),
      [`${op}, strides`, fused(op, ['BiasAdd', 'Relu6'], { strides: [1, 2, 2, 1] })],
    ]),
  ),
  'Conv2DBackpropInput, SAME': (b, x) =>
    b.add('Conv2DBackpropInput', [b.ints(1, 14, 12, 3), b.floats([3, 3, 3, 4]), x], {
      ...same,
      strides: [1, 2, 2, 1],
    }),
  'Conv2DBackpropInput, VALID, a shape of one that is computed': (b, x) => {
    const shape = b.add('Shape', [x]);
    const take = (at: number) =>
      b.add('StridedSlice', [shape, b.ints(at), b.ints(at + 1), b.ints(1)], {
        begin_mask: 0,
        end_mask: 0,
        ellipsis_mask: 0,
        new_axis_mask: 0,
        shrink_axis_mask: 1,
      });
    const grown = (at: number, kernel: number) =>
      b.add('AddV2', [b.add('Mul', [take(at), b.int(2)]), b.int(kernel - 2)]);
    const sizes = b.add('Pack', [take(0), grown(1, 3), grown(2, 2), b.int(5)], { N: 4, axis: 0, T: INT32 });
    return b.add('Conv2DBackpropInput', [sizes, b.floats([3, 2, 5, 4]), x], {
      ...valid,
      strides: [1, 2, 2, 1],
    });
  },
  'a dilated convolution in batches': blocks(
    (b, x) => b.add('Conv2D', [x, b.floats([3, 3, 4, 3])], valid),
    [0, 1, 0, 0],
  ),
  'a dilated depthwise convolution in batches': blocks(
    (b, x) => b.add('DepthwiseConv2dNative', [x, b.floats([3, 3, 4, 1])], valid),
    [0, 1, 0, 0],
  ),
  'batches around something else': blocks((b, x) => b.add('Relu', [x]), [1, 2, 0, 3]),
  FusedBatchNormV3: (b, x) =>
    b.add('FusedBatchNormV3', [x, b.floats([4]), b.floats([4]), b.floats([4]), b.positive([4])], {
      epsilon: 0.001,
      is_training: false,
    }),
  BiasAdd: binary('BiasAdd'),
  LRN: unary('LRN', { depth_radius: 1, bias: 1.5, alpha: 0.3, beta: 0.75 }),
  'MaxPool, SAME': pool('MaxPool', {}),
  'MaxPool, VALID': pool('MaxPool', { padding: 'VALID' }),
  'AvgPool, SAME': pool('AvgPool', {}),
  'AvgPool, VALID, overlapping': pool('AvgPool', { padding: 'VALID', strides: [1, 1, 1, 1] }),
  ...Object.fromEntries(
    ['Mean', 'Sum', 'Max', 'Min'].flatMap((op) => [
      [`${op} over the plane`, reduce(op, [1, 2], false)],
      [`${op} over the plane, kept`, reduce(op, [1, 2], true)],
      [`${op} over channels`, reduce(op, [-1], true)],
      [`${op} over all`, reduce(op, [0, 1, 2, 3], false)],
    ]),
  ),
  'ArgMax over channels': (b, x) => b.add('ArgMax', [b.add('Add', [x, b.floats([7, 6, 4], 3)]), b.int(3)]),
  ...Object.fromEntries(
    [
      'Relu',
      'Relu6',
      'Elu',
      'Selu',
      'Sigmoid',
      'Tanh',
      'Softplus',
      'Softmax',
      'LogSoftmax',
      'Abs',
      'Neg',
      'Exp',
      'Floor',
      'Ceil',
      'Erf',
      'Sin',
      'Cos',
      'Square',
      'Sign',
      'Identity',
      'ZerosLike',
    ].map((op) => [op, unary(op)]),
  ),
  ...Object.fromEntries(['Sqrt', 'Rsqrt', 'Log', 'Reciprocal'].map((op) => [op, ofPositive(op)])),
  LeakyRelu: unary('LeakyRelu', { alpha: 0.15 }),
  Prelu: (b, x) => b.add('Prelu', [x, b.floats([1, 1, 4])]),
  ...Object.fromEntries(
    ['Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Div', 'Maximum', 'Minimum', 'SquaredDifference'].flatMap(
      (op) => [
        [`${op} of channels`, binary(op)],
        [`${op} of a plane`, binary(op, [7, 6, 1])],
      ],
    ),
  ),
  ...Object.fromEntries(['Tan', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Expm1'].map((op) => [op, unary(op)])),
  ...Object.fromEntries(
    ['Asin', 'Acos', 'Atanh'].map(
      (op) =>
        [op, (b, x) => b.add(op, [b.add('Mul', [b.add('Sigmoid', [x]), b.float(0.9)])])] satisfies [
          string,
          Make,
        ],
    ),
  ),
  Acosh: (b, x) => b.add('Acosh', [b.add('AddV2', [b.add('Abs', [x]), b.float(1)])]),
  Log1p: (b, x) => b.add('Log1p', [b.add('Abs', [x])]),
  ...Object.fromEntries(
    ['IsNan', 'IsInf'].map(
      (op) =>
        [
          op,
          (b, x) =>
            b.add('Cast', [b.add(op, [b.add('RealDiv', [x, b.add('Floor', [b.add('Abs', [x])])])])], {
              SrcT: { type: 'DT_BOOL' },
              DstT: INT32,
            }),
        ] satisfies [string, Make],
    ),
  ),
  ...Object.fromEntries(
    ['Log1p', 'Expm1'].map((op): [string, Make] => [
      `${op} near zero`,
      (b, x) => b.add('Mul', [b.add(op, [b.add('Mul', [x, b.float(1e-7)])]), b.float(1e7)]),
    ]),
  ),
  FloorMod: (b, x) => b.add('FloorMod', [x, b.positive([4])]),
  'FloorMod by negative numbers': (b, x) => b.add('FloorMod', [x, b.add('Neg', [b.positive([4])])]),
  'FloorMod and FloorDiv of integers': (b, x) => {
    const whole = b.add('Cast', [b.add('Mul', [x, b.float(8)])], { SrcT: FLOAT, DstT: INT32 });
    return [b.ints(3, -4, 5, -7)].flatMap((by) =>
      ['FloorMod', 'FloorDiv'].map((op) => b.add(op, [whole, by], { T: INT32 })),
    );
  },
  DivNoNan: (b, x) => b.add('DivNoNan', [x, b.add('Floor', [b.add('Abs', [x])])]),
  Atan2: (b, x) => {
    // -0 becomes 0: the angle of (-1, -0) is -pi, ours is pi
    const whole = (y: string) => b.add('AddV2', [b.add('Round', [y]), b.float(0)]);
    return b.add('Atan2', [whole(x), b.add('Sign', [whole(b.add('ReverseV2', [x, b.ints(1, 2)]))])]);
  },
  TopKV2: (b, x) => {
    const all = b.add('Reshape', [b.add('Mul', [x, b.floats(X, 7)]), b.ints(2, -1)]);
    const best = b.add('TopKV2', [all, b.int(3)], { sorted: true });
    return [best, b.add('Identity', [`${best}:1`], { T: INT32 })];
  },
  'Reshape, by a shape that is scattered': (b, x) =>
    b.add('Reshape', [x, b.add('SparseToDense', [b.ints(1), b.ints(2), b.ints(42), b.int(4)])]),
  GatherNd: (b, x) =>
    b.add('GatherNd', [x, b.constant(Tensor.of('int32', [2, 3], Int32Array.of(0, 6, 2, 0, 0, 5)))], {
      Tindices: INT32,
    }),
  SparseToDense: (b, x) => {
    const row = b.add('Reshape', [b.add('Slice', [x, b.ints(0, 0, 0, 0), b.ints(1, 1, 3, 1)]), b.ints(3)]);
    return [
      b.add('SparseToDense', [b.ints(4, 1, 6), b.ints(8), row, b.float(0.5)]),
      b.add('SparseToDense', [
        b.constant(Tensor.of('int32', [3, 2], Int32Array.of(0, 1, 2, 2, 1, 0))),
        b.ints(3, 4),
        row,
        b.float(0),
      ]),
    ];
  },
  Pow: (b, x) => b.add('Pow', [b.add('Abs', [x]), b.positive([4])]),
  AddN: (b, x) => b.add('AddN', [x, b.floats(X), x], { N: 3 }),
  ClipByValue: (b, x) => b.add('ClipByValue', [x, b.float(-0.5), b.float(0.25)]),
  ConcatV2: (b, x) => b.add('ConcatV2', [x, b.floats([1, 7, 6, 2]), x, b.int(-1)], { N: 3 }),
  Split: (b, x) => {
    const parts = b.add('Split', [b.int(3), x], { num_split: 2 });
    return [parts, b.add('Relu', [`${parts}:1`])];
  },
  SplitV: (b, x) => {
    const parts = b.add('SplitV', [x, b.ints(2, 4, 1), b.int(1)], { num_split: 3 });
    return [`${parts}:1`, `${parts}:2`];
  },
  Slice: (b, x) => b.add('Slice', [x, b.ints(0, 2, 1, 0), b.ints(1, 3, -1, 2)]),
  StridedSlice: strided([0, 1, 0, 0], [1, -1, 6, 4], [1, 2, 1, 1]),
  'StridedSlice, backwards': strided([0, 0, -1, 0], [0, 0, -7, 0], [1, 1, -2, 1], {
    begin_mask: 11,
    end_mask: 11,
  }),
  'StridedSlice, ellipsis': strided([0, 1], [0, 3], [1, 1], { ellipsis_mask: 1 }),
  'StridedSlice, new and dropped axes': strided([0, 0, 2, 0], [0, 0, 3, 0], [1, 1, 1, 1], {
    begin_mask: 9,
    end_mask: 9,
    new_axis_mask: 2,
    shrink_axis_mask: 4,
  }),
  Pack: (b, x) => b.add('Pack', [x, b.add('Relu', [x])], { N: 2, axis: 1 }),
  Unpack: (b, x) => {
    const parts = b.add('Unpack', [x], { num: 4, axis: 3 });
    return [`${parts}:3`, parts];
  },
  Tile: (b, x) => b.add('Tile', [x, b.ints(1, 2, 1, 3)]),
  GatherV2: (b, x) => b.add('GatherV2', [x, b.ints(3, 0, 0), b.int(3)], { batch_dims: 0 }),
  ReverseV2: (b, x) => b.add('ReverseV2', [x, b.ints(1, 2)]),
  Pad: (b, x) =>
    b.add('Pad', [x, b.constant(Tensor.of('int32', [4, 2], Int32Array.of(0, 0, 1, 2, 0, 3, 0, 1)))]),
  PadV2: (b, x) =>
    b.add('PadV2', [
      x,
      b.constant(Tensor.of('int32', [4, 2], Int32Array.of(0, 0, 1, 2, 0, 3, 0, 0))),
      b.float(2.5),
    ]),
  MirrorPad: (b, x) =>
    b.add('MirrorPad', [x, b.constant(Tensor.of('int32', [4, 2], Int32Array.of(0, 0, 1, 2, 0, 3, 0, 0)))], {
      mode: 'REFLECT',
    }),
  'MirrorPad, SYMMETRIC': (b, x) =>
    b.add('MirrorPad', [x, b.constant(Tensor.of('int32', [4, 2], Int32Array.of(0, 0, 1, 7, 6, 3, 0, 2)))], {
      mode: 'SYMMETRIC',
    }),
  Transpose: (b, x) => b.add('Transpose', [x, b.ints(2, 0, 3, 1)]),
  Squeeze: (b, x) => b.add('Squeeze', [x], { squeeze_dims: [0] }),
  ExpandDims: (b, x) => b.add('ExpandDims', [x, b.int(-1)]),
  BroadcastTo: (b, x) =>
    b.add('BroadcastTo', [b.add('Mean', [x, b.ints(1)], { keep_dims: true }), b.ints(1, 7, 6, 4)]),
  Cast: (b, x) =>
    b.add(
      'Cast',
      [b.add('Cast', [b.add('Mul', [x, b.float(3)])], { SrcT: { type: 'DT_FLOAT' }, DstT: INT32 })],
      { SrcT: INT32, DstT: { type: 'DT_FLOAT' } },
    ),
  'Reshape, by a shape that is computed': (b, x) => {
    const shape = b.add('Shape', [x]);
    const [batch, size] = [[0], [1, 2, 3]].map((axes) =>
      b.add('Prod', [b.add('GatherV2', [shape, b.ints(...axes), b.int(0)]), b.ints(0)], { keep_dims: false }),
    );
    return b.add('Reshape', [x, b.add('Pack', [batch!, size!], { N: 2, axis: 0 })]);
  },
  'MatMul after a flattening': (b, x) =>
    b.add('MatMul', [b.add('Reshape', [b.add('Relu', [x]), b.ints(-1, 168)]), b.floats([168, 5])], {
      transpose_a: false,
      transpose_b: false,
    }),
  'MatMul, transposed': (b, x) =>
    b.add('MatMul', [b.floats([168, 2]), b.add('Reshape', [x, b.ints(1, 168)])], {
      transpose_a: true,
      transpose_b: true,
    }),
  'MatMul of integers, transposed': (b, x) => {
    const left = b.add('Reshape', [b.add('Cast', [x], { DstT: INT32 }), b.ints(84, 2)]);
    const right = b.add('Reshape', [
      b.ints(...Array.from({ length: 252 }, (_, at) => at % 11)),
      b.ints(3, 84),
    ]);
    const product = b.add('MatMul', [left, right], { transpose_a: true, transpose_b: true });
    return b.add('Cast', [product], { DstT: FLOAT });
  },
  _FusedMatMul: (b, x) => {
    const flat = b.add('Reshape', [b.add('Conv2D', [x, b.floats([3, 3, 4, 2])], same), b.ints(-1, 84)]);
    const made = b.add('_FusedMatMul', [flat, b.floats([84, 6]), b.floats([6])], {
      fused_ops: ['BiasAdd', 'Relu'],
      num_args: 1,
      transpose_a: false,
      transpose_b: false,
    });
    return b.add('_FusedMatMul', [made, b.floats([3, 6]), b.floats([3])], {
      fused_ops: ['BiasAdd'],
      num_args: 1,
      transpose_b: true,
    });
  },
  '_FusedMatMul, Prelu': (b, x) =>
    b.add(
      '_FusedMatMul',
      [b.add('Reshape', [x, b.ints(-1, 168)]), b.floats([168, 6]), b.floats([6]), b.floats([6])],
      { fused_ops: ['BiasAdd', 'Prelu'], num_args: 2 },
    ),
  BatchMatMulV2: (b, x) => b.add('BatchMatMulV2', [x, b.floats([1, 7, 5, 4])], { adj_x: false, adj_y: true }),
  ...Object.fromEntries(
    ['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((op) =>
      [
        [{}, 'plain'],
        [{ align_corners: true }, 'corners'],
        [{ half_pixel_centers: true }, 'half pixels'],
      ].flatMap(([flags, name]) => [
        [`${op}, larger, ${name}`, resize(op, 14, 15, flags as object)],
        [`${op}, smaller, ${name}`, resize(op, 3, 4, flags as object)],
      ]),
    ),
  ),
  ...Object.fromEntries(
    ['Less', 'LessEqual', 'Greater', 'GreaterEqual', 'Equal', 'NotEqual'].map((op): [string, Make] => [
      op,
      (b, x) =>
        b.add('Cast', [b.add(op, [b.add('Round', [x]), b.float(0)])], {
          SrcT: { type: 'DT_BOOL' },
          DstT: INT32,
        }),
    ]),
  ),
  'SelectV2, LogicalAnd, LogicalOr, LogicalNot': (b, x) => {
    const above = b.add('Greater', [x, b.float(0)]);
    const near = b.add('Less', [b.add('Abs', [x]), b.float(1)]);
    return [
      b.add('SelectV2', [b.add('LogicalAnd', [above, near]), x, b.float(9)]),
      b.add('SelectV2', [b.add('LogicalOr', [b.add('LogicalNot', [above]), near]), x, b.float(9)]),
    ];
  },
  'While that counts': (b, x) => {
    const types = [
      ['i', INT32],
      ['x', FLOAT],
    ] as const;
    const cond = b.define('cond', types, (f, i) => [
      f.add('LogicalAnd', [f.add('Less', [i!, f.int(3)]), f.add('NotEqual', [i!, f.int(9)])]),
    ]);
    const body = b.define('body', types, (f, i, y) => [
      f.add('AddV2', [i!, f.int(1)], { T: INT32 }),
      f.add('Mul', [f.add('AddV2', [y!, f.float(1)]), f.float(0.5)]),
    ]);
    const loop = b.add('StatelessWhile', [b.int(0), x], { cond, body });
    return b.add('Identity', [`${loop}:1`]);
  },
  ...Object.fromEntries(
    [true, false].map((known): [string, Make] => [
      `If ${known ? 'with a condition that is known' : 'whose condition a run tells'}`,
      (b, x) => {
        const types = [['x', FLOAT]] as const;
        const then_branch = b.define('then', types, (f, y) => [f.add('Relu', [y!])]);
        const else_branch = b.define('else', types, (f, y) => [f.add('Mul', [y!, f.float(2)])]);
        const mean = b.add('Mean', [x, b.ints(0, 1, 2, 3)], { keep_dims: false });
        const condition = known ? b.add('Less', [b.int(2), b.int(1)]) : b.add('Less', [mean, b.float(0)]);
        return b.add('StatelessIf', [condition, x], { then_branch, else_branch });
      },
    ]),
  ),
  DepthToSpace: unary('DepthToSpace', { block_size: 2, data_format: 'NHWC' }),
};

describe('a graph model of one operator computes what tfjs computes:', () => {
  it.each(Object.entries(CASES))('%s', async (_, make) => {
    await agrees(make);
  });
});
