import type { Graph } from '../../src/graph/graph.ts';
import type { Shape } from '../../src/tensor/region.ts';
import { sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { integers, type Quantised, QuantisedBuilder } from './quantised.ts';

/** A model of one layer, or of a layer and what follows it, and the schemes that cut it. */
export interface QuantisedLayer {
  readonly graph: Graph;
  readonly input: Tensor;
  readonly cutBy: readonly string[];
}

const PLANES = ['output-depth', 'rows', 'columns', 'tiles', 'rows-exchange'];
const SUMMING = ['input-depth', 'depth-grid'];
const IMAGE = [1, 4, 7, 6];
/** Scales that are no powers of two, so that a wrong scale or another order of rounding shows. */
const X_STEP = 0.021;
const Y_STEP = 0.37;

/** What a scheme must cut beyond the random models: each operator of the quantiser at least once, at the opset that has it. */
export const QUANTISED_LAYERS: Readonly<Record<string, () => QuantisedLayer>> = {
  'QGemm, one scale': () => qgemm('uint8', 'int8', {}),
  'QGemm, a scale per column, transposed filters': () =>
    qgemm('uint8', 'int8', { perColumn: true, transB: 1, bias: true }),
  'QGemm of int8': () => qgemm('int8', 'int8', { perColumn: true, bias: true }),
  'QGemm, float32 output': () => qgemm('uint8', 'uint8', { bias: true, float: true }),
  'MatMulNBits, 4 bits': () => matMulNBits(4, false),
  'MatMulNBits, 4 bits, zero points': () => matMulNBits(4, true),
  'MatMulNBits, 8 bits, zero points': () => matMulNBits(8, true),
  'MatMulInteger, a zero point per column': matMulInteger,
  'QLinearLeakyRelu behind QLinearConv': () => followed('QLinearLeakyRelu', { alpha: 0.1 }),
  'QLinearSigmoid behind QLinearConv': () => followed('QLinearSigmoid', {}),
  'QLinearSoftmax over the columns': () => followed('QLinearSoftmax', { axis: 3, opset: 13 }),
  'QLinearSoftmax over the channels': () => followed('QLinearSoftmax', { axis: 1, opset: 13 }),
  'Gemm behind a Flatten, float32 output': denseBehindFlatten,
  'Conv, filters in blocks of input channels': () => blockConv(1),
  'Conv, filters in blocks of filters': () => blockConv(0),
  'MatMul, filters in blocks of inputs': () => blockDense('MatMul', 0),
  'MatMul, filters in blocks of outputs': () => blockDense('MatMul', 1),
  'Gemm, transposed filters in blocks of inputs': () => blockDense('Gemm', 1),
};

function wave(shape: Shape): Tensor {
  return Tensor.float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, at) => Math.sin(at * 0.73) * 2.3),
  );
}

const steps = (length: number) => Float32Array.from({ length }, (_, at) => 0.003 + ((at * 7) % 11) / 900);
const stored = (type: Quantised, shape: Shape) =>
  integers(type, shape, (at) => ((at * 37 + (at >> 3)) % 201) - 100 + (type === 'uint8' ? 128 : 0));
const zeroOf = (type: Quantised) => (type === 'uint8' ? 117 : 3);

interface GemmOptions {
  readonly perColumn?: boolean;
  readonly transB?: number;
  readonly bias?: boolean;
  readonly float?: boolean;
}

function qgemm(
  map: Quantised,
  filters: Quantised,
  { perColumn = false, transB = 0, bias = false, float = false }: GemmOptions,
): QuantisedLayer {
  const model = new QuantisedBuilder();
  const [inner, outer] = [24, 10];
  const parameters = [model.scalar(X_STEP), model.zero(map, zeroOf(map))];
  const x = model.node('QuantizeLinear', ['x', ...parameters]);
  const shape = perColumn ? [outer] : [];
  const zero = filters === 'uint8' ? 128 : 0;
  const inputs = [
    ...[x, ...parameters],
    model.constant(stored(filters, transB ? [outer, inner] : [inner, outer])),
    model.constant(Tensor.float32(shape, steps(perColumn ? outer : 1))),
    model.constant(integers(filters, shape, () => zero)),
    bias ? model.constant(integers('int32', [outer], (at) => at * 307 - 900)) : '',
  ];
  const result = [model.scalar(Y_STEP), model.zero(map, zeroOf(map))];
  const y = model.microsoft('QGemm', float ? inputs : [...inputs, ...result], { transB });
  const output = float ? y : model.node('DequantizeLinear', [y, ...result]);
  return { graph: model.graph([3, inner], output), input: wave([3, inner]), cutBy: ['output-depth'] };
}

function matMulNBits(bits: number, points: boolean): QuantisedLayer {
  const model = new QuantisedBuilder();
  const [inner, outer, block] = [64, 12, 32];
  const blocks = inner / block;
  const inputs = [
    'x',
    model.constant(integers('uint8', [outer, blocks, (block * bits) / 8], (at) => (at * 89 + 13) % 256)),
    model.constant(Tensor.float32([outer, blocks], steps(outer * blocks))),
    ...(points
      ? [model.constant(integers('uint8', [outer, Math.ceil((blocks * bits) / 8)], (at) => (at * 53) % 256))]
      : []),
  ];
  const y = model.microsoft('MatMulNBits', inputs, { K: inner, N: outer, bits, block_size: block });
  return { graph: model.graph([3, inner], y), input: wave([3, inner]), cutBy: ['output-depth'] };
}

function matMulInteger(): QuantisedLayer {
  const model = new QuantisedBuilder();
  const [inner, outer] = [24, 10];
  const parameters = [model.scalar(X_STEP), model.zero('uint8', 117)];
  const x = model.node('QuantizeLinear', ['x', ...parameters]);
  const w = model.constant(stored('int8', [inner, outer]));
  const points = model.constant(integers('int8', [outer], (at) => at - 4));
  const y = model.node('MatMulInteger', [x, w, parameters[1]!, points]);
  const cutBy = ['output-depth', ...SUMMING];
  return { graph: model.graph([3, inner], y), input: wave([3, inner]), cutBy };
}

/** A QLinearConv and an operator of quantised elements behind it. */
function followed(op: string, attributes: Record<string, number>, cutBy = PLANES): QuantisedLayer {
  const model = new QuantisedBuilder();
  const [x, y, z] = [X_STEP, Y_STEP, 0.013].map((step) => [model.scalar(step), model.zero('uint8', 117)]);
  const conv = model.node(
    'QLinearConv',
    [
      ...[model.node('QuantizeLinear', ['x', ...x!]), ...x!, model.constant(stored('int8', [6, 4, 3, 3]))],
      ...[model.constant(Tensor.float32([6], steps(6))), model.constant(integers('int8', [6], () => 0))],
      ...y!,
    ],
    { pads: [1, 1, 1, 1] },
  );
  const made = model.microsoft(op, [conv, ...y!, ...z!], attributes);
  const output = model.node('DequantizeLinear', [made, ...z!]);
  return { graph: model.graph(IMAGE, output), input: wave(IMAGE), cutBy };
}

/** A dense layer of a QDQ model that is not quantised again: the Flatten before it lies within the layer's unit. */
function denseBehindFlatten(): QuantisedLayer {
  const model = new QuantisedBuilder();
  const step = [model.scalar(X_STEP), model.zero('uint8', 117)];
  const x = model.node('QuantizeLinear', ['x', ...step]);
  const flat = model.node('Flatten', [model.node('DequantizeLinear', [x, ...step])]);
  const parameters = [Tensor.float32([5], steps(5)), integers('int8', [5], () => 0)];
  const w = [model.constant(stored('int8', [168, 5])), ...parameters.map((each) => model.constant(each))];
  const y = model.node('Gemm', [flat, model.node('DequantizeLinear', w, { axis: 1 })]);
  return { graph: model.graph(IMAGE, y), input: wave(IMAGE), cutBy: ['output-depth', ...SUMMING] };
}

/** Filters behind a DequantizeLinear with a scale and a zero point for each block along an axis (operator set 21). */
function inBlocks(model: QuantisedBuilder, shape: Shape, axis: number, block: number): string {
  const scaled = shape.with(axis, Math.ceil(shape[axis]! / block));
  const inputs = [
    model.constant(stored('int8', shape)),
    model.constant(Tensor.float32(scaled, steps(sizeOf(scaled)))),
    model.constant(integers('int8', scaled, (at) => (at % 5) - 2)),
  ];
  return model.node('DequantizeLinear', inputs, { axis, block_size: block });
}

function blockConv(axis: number): QuantisedLayer {
  const model = new QuantisedBuilder();
  const w = inBlocks(model, [8, 4, 3, 3], axis, 2);
  const y = model.node('Conv', ['x', w], { pads: [1, 1, 1, 1] });
  return {
    graph: model.graph(IMAGE, y, 21),
    input: wave(IMAGE),
    cutBy: ['output-depth', 'rows', 'columns', 'tiles', ...SUMMING],
  };
}

function blockDense(op: 'MatMul' | 'Gemm', axis: number): QuantisedLayer {
  const model = new QuantisedBuilder();
  const w = inBlocks(model, op === 'Gemm' ? [12, 32] : [32, 12], axis, 4);
  const y = model.node(op, ['x', w], op === 'Gemm' ? { transB: 1 } : {});
  return { graph: model.graph([3, 32], y, 21), input: wave([3, 32]), cutBy: ['output-depth', ...SUMMING] };
}
