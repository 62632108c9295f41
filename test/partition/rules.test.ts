import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { type Shape, sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { CutCheck } from '../support/cut.ts';
import { graphOf, ints, nodeOf } from '../support/graphs.ts';
import { int, numbers, type OperatorCase, operatorCase } from '../support/operators.ts';
import { regionOf } from '../support/regions.ts';

type Cases = fc.Arbitrary<OperatorCase | undefined>;

const shapes = (min = 1, max = 4) => fc.array(int(1, 5), { minLength: min, maxLength: max });
/** A shape that broadcasts to `shape`: some axes are 1, some leading ones are left out. */
const broadcastable = (shape: Shape) =>
  fc
    .tuple(fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }), int(0, shape.length))
    .map(([ones, from]) => shape.map((extent, axis) => (ones[axis] ? 1 : extent)).slice(from));
const positive = (shape: Shape) =>
  Tensor.float32(
    shape,
    numbers(shape, 9).data.map((value) => Math.abs(value) + 1),
  );

const unary = (op: string, attributes = {}, opset = 13): Cases =>
  shapes().map((shape) => operatorCase(op, [shape], attributes, [], opset));
const binary = (op: string): Cases =>
  shapes()
    .chain((shape) => fc.tuple(fc.constant(shape), broadcastable(shape), broadcastable(shape), fc.boolean()))
    .map(([shape, a, b, constant]) =>
      // one of the operands is whole, or the output would have another shape than the larger one
      constant ? operatorCase(op, [shape], {}, [positive(b)]) : operatorCase(op, [a, shape]),
    );
const axes = (op: string, opset: number): Cases =>
  shapes()
    .chain((shape) => fc.tuple(fc.constant(shape), int(-shape.length, shape.length - 1)))
    .map(([shape, axis]) => operatorCase(op, [shape], { axis }, [], opset));
const concatenation: Cases = fc
  .tuple(shapes(), fc.array(int(1, 3), { minLength: 1, maxLength: 4 }), fc.nat(3), fc.boolean())
  .map(([shape, extents, at, negative]) => {
    const axis = at % shape.length;
    const parts = extents.map((extent) => shape.with(axis, extent));
    return operatorCase('Concat', parts, { axis: negative ? axis - shape.length : axis });
  });
const transposition: Cases = shapes()
  .chain((shape) =>
    fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
  )
  .map(([shape, perm]) => operatorCase('Transpose', [shape], { perm }));
const reshape: Cases = fc
  .tuple(shapes(1, 4), shapes(1, 4))
  .map(([a, b]) => [a, b, [...a, ...b]] as const)
  .chain(([a, b, all]) =>
    fc.tuple(fc.constant([sizeOf(a), ...b]), fc.constant([...a, sizeOf(b)]), fc.constant(all)),
  )
  .chain((forms) => fc.tuple(fc.constantFrom(...forms), fc.constantFrom(...forms)))
  .map(([from, to]) => operatorCase('Reshape', [from], {}, [ints(...to)]));
const gemm: Cases = fc
  .record({ m: int(1, 5), k: int(1, 5), n: int(1, 6), transA: int(0, 1), transB: int(0, 1), c: int(0, 4) })
  .map(({ m, k, n, transA, transB, c }) => {
    const bias = [undefined, [], [n], [m, n], [m, 1]][c];
    const constants = [numbers(transB ? [n, k] : [k, n], 5), ...(bias ? [numbers(bias, 6)] : [])];
    return operatorCase(
      'Gemm',
      [transA ? [k, m] : [m, k]],
      { transA, transB, alpha: 0.5, beta: 2 + 1e-9 },
      constants,
    );
  });
const matmul: Cases = fc
  .tuple(shapes(0, 2), int(1, 5), int(1, 5), int(1, 5), int(0, 5))
  .chain(([batch, m, k, n, form]) => fc.tuple(broadcastable(batch), fc.constant({ batch, m, k, n, form })))
  .map(([other, { batch, m, k, n, form }]) => {
    const [a, b] = [
      [...batch, m, k],
      [...other, k, n],
    ];
    if (form === 0) return operatorCase('MatMul', [[k], b]);
    if (form === 1) return operatorCase('MatMul', [a, [k]]);
    if (form === 2) return operatorCase('MatMul', [[k], [k]]);
    return form === 3
      ? operatorCase('MatMul', [a, b])
      : operatorCase('MatMul', [
          [...other, m, k],
          [...batch, k, n],
        ]);
  });
const normalization: Cases = shapes(2, 4).map((shape) => {
  const [channels] = [[shape[1]!]];
  const parameters = [numbers(channels, 2), numbers(channels, 3), numbers(channels, 4), positive(channels)];
  return operatorCase('BatchNormalization', [shape], { epsilon: 0.01 }, parameters);
});
const prelu: Cases = shapes()
  .chain((shape) => fc.tuple(fc.constant(shape), broadcastable(shape)))
  .map(([shape, slope]) => operatorCase('PRelu', [shape], {}, [numbers(slope, 8)]));

const instance: Cases = shapes(3, 4).map((shape) => {
  const channels = [shape[1]!];
  return operatorCase('InstanceNormalization', [shape], {}, [numbers(channels, 2), numbers(channels, 3)]);
});
const layer: Cases = shapes(2, 4)
  .chain((shape) => fc.tuple(fc.constant(shape), int(-shape.length, shape.length - 1)))
  .map(([shape, axis]) => {
    const inner = shape.slice(axis < 0 ? axis + shape.length : axis);
    return operatorCase('LayerNormalization', [shape], { axis }, [numbers(inner, 2), numbers(inner, 3)], 17);
  });
const reduced = (op: string, opset: number): Cases =>
  shapes(2, 4)
    .chain((shape) =>
      fc.tuple(fc.constant(shape), fc.subarray([...shape.keys()], { minLength: 1 }), int(0, 1)),
    )
    .map(([shape, axes, keepdims]) =>
      opset < 18
        ? operatorCase(op, [shape], { axes, keepdims }, [], opset)
        : operatorCase(op, [shape], { keepdims }, [ints(...axes)], opset),
    );
const resized = (form: 'scales' | 'sizes', mode: string): Cases =>
  fc.tuple(shapes(4, 4), int(1, 3), int(1, 3)).map(([[n, c, h, w], down, right]) => {
    const none = Tensor.float32([0], []);
    const constants =
      form === 'sizes'
        ? [none, none, ints(n!, c!, h! * down, w! * right)]
        : [none, Tensor.float32([4], [1, 1, down, right])];
    return operatorCase('Resize', [[n!, c!, h!, w!]], { mode }, constants);
  });
const padded: Cases = fc
  .tuple(shapes(3, 4), fc.array(int(0, 2), { minLength: 8, maxLength: 8 }))
  .map(([shape, pads]) => {
    const chosen = shape.flatMap((_, axis) => (axis < 2 ? [0] : [pads[axis]!]));
    return operatorCase('Pad', [shape], {}, [
      ints(...chosen, ...chosen.toReversed().map((_, at) => (at < 2 ? 0 : 1))),
    ]);
  });
const sliced: Cases = shapes(1, 4)
  .chain((shape) => fc.tuple(fc.constant(shape), fc.array(fc.nat(), { minLength: 12, maxLength: 12 })))
  .map(([shape, random]) => {
    const starts = shape.map((extent, axis) => random[axis]! % extent);
    const ends = shape.map((extent, axis) => starts[axis]! + 1 + (random[axis + 4]! % extent));
    const steps = shape.map((_, axis) => 1 + (random[axis + 8]! % 2));
    return operatorCase(
      'Slice',
      [shape],
      {},
      [starts, ends, [...shape.keys()], steps].map((each) => ints(...each)),
    );
  });
const quantised = (perAxis: boolean): Cases =>
  shapes(2, 4).map((shape) => {
    const scale = perAxis ? positive([shape[1]!]) : Tensor.float32([], [0.5]);
    const zero = Tensor.of(
      'uint8',
      scale.shape,
      Uint8Array.from({ length: scale.size }, (_, at) => 100 + at),
    );
    return operatorCase('QuantizeLinear', [shape], { axis: 1 }, [scale, zero]);
  });
const chosen: Cases = shapes()
  .chain((shape) => fc.tuple(fc.constant(shape), broadcastable(shape), broadcastable(shape)))
  .map(([shape, test, other]) => {
    const truths = Uint8Array.from(numbers(test, 4).data, (value) => (value > 0 ? 1 : 0));
    const node = nodeOf('Where', ['c', 'x0', 'o'], ['y']);
    const constants = { c: Tensor.of('bool', test, truths), o: numbers(other, 5) };
    const graph = inferTypes(graphOf({ x0: shape }, [node], { constants }));
    return { graph, inputs: new Map([['x0', numbers(shape, 3)]]) };
  });

/** Operator, its cases, and how many of 40 random regions at least a rule must be able to cut. */
const RULES: readonly (readonly [string, Cases, number])[] = [
  ...['Relu', 'Sigmoid', 'Tanh', 'Identity', 'HardSwish', 'Dropout'].map(
    (op) => [op, unary(op, {}, 14), 40] as const,
  ),
  ['LeakyRelu', unary('LeakyRelu', { alpha: 0.1 }), 40],
  ['Elu', unary('Elu', { alpha: 0.5 }), 40],
  ['HardSigmoid', unary('HardSigmoid', { alpha: 0.25 }), 40],
  [
    'Clip',
    shapes().map((shape) =>
      operatorCase('Clip', [shape], {}, [Tensor.float32([], [-2]), Tensor.float32([], [2])]),
    ),
    40,
  ],
  ['Clip of opset 10', unary('Clip', { min: -1.5, max: 1.5 }, 10), 40],
  ['PRelu', prelu, 40],
  ...['Add', 'Sub', 'Mul', 'Div', 'Sum'].map((op) => [op, binary(op), 40] as const),
  ['BatchNormalization', normalization, 40],
  ['Softmax', axes('Softmax', 13), 4],
  ['Softmax of opset 11', axes('Softmax', 11), 4],
  ['LogSoftmax', axes('LogSoftmax', 13), 4],
  ['LRN', shapes(4, 4).map((shape) => operatorCase('LRN', [shape], { size: 3, alpha: 0.5 })), 4],
  ['Flatten', axes('Flatten', 13), 4],
  ['Reshape', reshape, 4],
  ['Squeeze', shapes(1, 3).map((shape) => operatorCase('Squeeze', [[1, ...shape]], {}, [ints(0)])), 4],
  ['Unsqueeze', shapes(1, 3).map((shape) => operatorCase('Unsqueeze', [shape], {}, [ints(0, -1)])), 4],
  ['Concat', concatenation, 40],
  ['Transpose', transposition, 40],
  ...['Selu', 'Softplus', 'Softsign', 'Abs', 'Neg', 'Erf', 'Mish'].map(
    (op) => [op, unary(op, {}, 18), 40] as const,
  ),
  ['Gelu', unary('Gelu', {}, 20), 40],
  ...['Max', 'Min', 'Mean'].map((op) => [op, binary(op), 40] as const),
  ['Where', chosen, 40],
  ['InstanceNormalization', instance, 4],
  ['LayerNormalization', layer, 4],
  ['ReduceMean', reduced('ReduceMean', 13), 40],
  ['ReduceMax of opset 18', reduced('ReduceMax', 18), 40],
  ['ReduceL2', reduced('ReduceL2', 13), 40],
  ['Resize by scales', resized('scales', 'nearest'), 1],
  ['Resize to sizes', resized('sizes', 'linear'), 1],
  ['Pad', padded, 1],
  ['Slice', sliced, 40],
  ['QuantizeLinear', quantised(false), 40],
  ['QuantizeLinear along an axis', quantised(true), 40],
  ['Gemm', gemm, 40],
  ['MatMul', matmul, 40],
  ['GlobalAveragePool', shapes(3, 5).map((shape) => operatorCase('GlobalAveragePool', [shape])), 40],
  ['GlobalMaxPool', shapes(3, 5).map((shape) => operatorCase('GlobalMaxPool', [shape])), 40],
];

describe('a region of the output', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(RULES)('of %s is that region of the whole', async (_, cases, least) => {
    const check = new CutCheck(engine);
    const regions = cases
      .filter((found) => found !== undefined)
      .chain((found) => fc.tuple(fc.constant(found), regionOf(found.graph.types.get('y')!.shape)));
    await fc.assert(
      fc.asyncProperty(regions, ([{ graph, inputs }, region]) =>
        check.check(graph, inputs, [{ tensor: 'y', region }]),
      ),
      { numRuns: 40 },
    );
    expect(check.cut).toBeGreaterThanOrEqual(least);
  });
});
