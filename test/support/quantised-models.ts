import type { Graph } from '../../src/graph/graph.ts';
import { float32ToFloat16 } from '../../src/tensor/float16.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { graphOf, nodeOf } from './graphs.ts';
import { numbers } from './operators.ts';
import { integers, middle, power, type Quantised, QuantisedBuilder } from './quantised.ts';

const IMAGE = [1, 3, 8, 8];

interface QdqOptions {
  readonly activation: Quantised;
  readonly filters: Quantised;
  /** Scales of the four filters of each convolution are 2^-k for these k; one for all where there is one. */
  readonly scales: readonly number[];
  readonly bias: 'none' | 'int32' | 'float32';
}

/** Convolutions with a residual Add, MaxPool, Concat, GlobalAveragePool and a dense layer, rounded after each. */
export function qdqModel({ activation, filters, scales, bias }: QdqOptions): Graph {
  const model = new QuantisedBuilder();
  const steps = scales.map(power);
  const conv = (x: string, inChannels: number, kernel: number, scale: number) => {
    const w = model.filters(filters, [4, inChannels, kernel, kernel], steps, 0);
    const inputs = [x, w];
    if (bias === 'int32')
      inputs.push(
        model.bias(
          4,
          steps.map((step) => step * scale),
        ),
      );
    if (bias === 'float32') inputs.push(model.constant(Tensor.float32([4], [1.5, -0.25, 3, -2])));
    return model.node('Conv', inputs, { pads: new Array<number>(4).fill((kernel - 1) / 2) });
  };
  const round = (x: string, k: number) => model.rounded(x, activation, power(k));
  const image = round('x', 4);
  const first = round(model.node('Relu', [conv(image, 3, 3, power(4))]), 3);
  const branch = round(conv(first, 4, 1, power(3)), 3);
  const sum = round(model.node('Add', [first, branch]), 2);
  const pooled = round(model.node('MaxPool', [sum], { kernel_shape: [2, 2], strides: [2, 2] }), 2);
  const joined = round(model.node('Concat', [pooled, pooled], { axis: 1 }), 2);
  const mean = round(model.node('GlobalAveragePool', [joined]), 3);
  const flat = model.node('Flatten', [mean]);
  const dense = model.filters(filters, [8, 5], [power(4)], 1);
  const scores = model.node('Gemm', [flat, dense, model.bias(5, [power(7)])]);
  return model.graph(IMAGE, round(scores, 4));
}

/** Filters alone are quantised. */
export function filtersOnly(scales: readonly number[]): Graph {
  const model = new QuantisedBuilder();
  const w = model.filters('int8', [4, 3, 3, 3], scales.map(power), 0);
  const relu = model.node('Relu', [model.node('Conv', ['x', w], { pads: [1, 1, 1, 1] })]);
  const dense = model.filters('uint8', [256, 5], [power(3)], 1);
  return model.graph(IMAGE, model.node('MatMul', [model.node('Flatten', [relu]), dense]));
}

/** Filters of quantisation-aware training: float32 behind QuantizeLinear and DequantizeLinear. */
export function fakeQuantised(): Graph {
  const model = new QuantisedBuilder();
  const image = model.rounded('x', 'uint8', power(4));
  const scale = model.constant(Tensor.float32([4], [0, 3, 6, 9].map(power)));
  const zero = model.constant(integers('int8', [4], () => 0));
  const w = model.constant(
    Tensor.float32(
      [4, 3, 3, 3],
      Float32Array.from(numbers([4, 3, 3, 3], 2).data, (value, at) => value * power(at % 7) * 1.3),
    ),
  );
  const q = model.node('QuantizeLinear', [w, scale, zero], { axis: 0 });
  const d = model.node('DequantizeLinear', [q, scale, zero], { axis: 0 });
  return model.graph(IMAGE, model.rounded(model.node('Conv', [image, d]), 'uint8', power(2)));
}

/** As exporters write a dense layer: the filters, dequantised, are transposed before the multiplication. */
export function transposedFilters(): Graph {
  const model = new QuantisedBuilder();
  const image = model.rounded('x', 'uint8', power(4));
  const w = model.filters('int8', [5, 192], [0, 3, 6, 9, 4].map(power), 0);
  const product = model.node('MatMul', [
    model.node('Flatten', [image]),
    model.node('Transpose', [w], { perm: [1, 0] }),
  ]);
  return model.graph(IMAGE, model.rounded(product, 'uint8', power(1)));
}

/** Float32 filters of very different sizes between quantised feature maps. */
export function floatFilters(): Graph {
  const model = new QuantisedBuilder();
  const image = model.rounded('x', 'uint8', power(4));
  const sizes = [0, 4, 8, 12].map(power);
  const w = Float32Array.from(
    numbers([4, 3, 3, 3], 2).data,
    (value, at) => value * sizes[Math.floor(at / 27)]!,
  );
  const conv = model.node('Conv', [image, model.constant(Tensor.float32([4, 3, 3, 3], w))]);
  return model.graph(IMAGE, model.rounded(conv, 'uint8', power(12)));
}

/** A float32 bias that would pass int32 in steps of input scale x filter scale. */
export function largeBias(): Graph {
  const model = new QuantisedBuilder();
  const image = model.rounded('x', 'uint8', power(4));
  const w = model.filters('int8', [4, 3, 3, 3], [5, 5, 40, 5].map(power), 0);
  const bias = model.constant(Tensor.float32([4], [1, 2, 3, -4]));
  return model.graph(IMAGE, model.rounded(model.node('Conv', [image, w, bias]), 'uint8', power(3)));
}

/** Two roundings in a row, in different steps. */
export function roundedTwice(): Graph {
  const model = new QuantisedBuilder();
  const image = model.rounded('x', 'uint8', power(4));
  const w = model.filters('int8', [4, 3, 3, 3], [power(5)], 0);
  const conv = model.node('Conv', [image, w]);
  return model.graph(IMAGE, model.rounded(model.rounded(conv, 'uint8', power(1)), 'uint8', 0.75));
}

/** QLinearConv and QLinearMatMul, with a MaxPool of integers between them. */
export function qlinearModel(activation: Quantised, filters: Quantised, scales: readonly number[]): Graph {
  const model = new QuantisedBuilder();
  const [zero, scale] = [
    () => model.zero(activation, middle(activation)),
    (k: number) => model.scalar(power(k)),
  ];
  const image = model.quantize('x', activation, power(4));
  const weight = (shape: readonly number[], scalesOf: readonly number[]) => {
    model.filters(filters, shape, scalesOf.map(power), 0);
    // the integers, their scale and zero point, without the node
    return model.nodes.pop()!.inputs;
  };
  const conv = model.node(
    'QLinearConv',
    [
      image,
      scale(4),
      zero(),
      ...weight([4, 3, 3, 3], scales),
      scale(3),
      zero(),
      model.constant(integers('int32', [4], (at) => at * 20 - 30)),
    ],
    { pads: [1, 1, 1, 1] },
  );
  const pooled = model.node('MaxPool', [conv], { kernel_shape: [2, 2], strides: [2, 2] });
  const flat = model.node('Flatten', [pooled]);
  const product = model.node('QLinearMatMul', [
    flat,
    scale(3),
    zero(),
    ...weight([64, 5], [5]),
    scale(3),
    zero(),
  ]);
  return model.graph(IMAGE, model.dequantize(product, activation, power(3)));
}

/** A dense layer whose filters have a scale per block of 32 inputs. */
export function blockScaled(): Graph {
  const w = integers('int8', [192, 8], (at) => ((at * 37) % 255) - 127);
  const s = Tensor.float32(
    [6, 8],
    Float32Array.from({ length: 48 }, (_, at) => ((at % 9) + 1) / 700),
  );
  const nodes = [
    nodeOf('Flatten', ['x'], ['f']),
    nodeOf('DequantizeLinear', ['w', 's'], ['d'], { axis: 0, block_size: 32 }),
    nodeOf('MatMul', ['f', 'd'], ['y']),
  ];
  return graphOf({ x: IMAGE }, nodes, { opset: 21, constants: { w, s } });
}

/** Convolution, BatchNormalization, pooling and a dense layer, in float32 or float16. */
export function floatModel(dtype: 'float32' | 'float16'): Graph {
  const constant = (shape: readonly number[], seed: number): Tensor => {
    const { data } = numbers(shape, seed);
    return dtype === 'float32'
      ? Tensor.float32(shape, data)
      : Tensor.of('float16', shape, float32ToFloat16(data));
  };
  const ones = (size: number): Tensor => {
    const data = new Float32Array(size).fill(1);
    return dtype === 'float32'
      ? Tensor.float32([size], data)
      : Tensor.of('float16', [size], float32ToFloat16(data));
  };
  const nodes = [
    nodeOf('Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1] }),
    nodeOf('BatchNormalization', ['c', 'one', 'b', 'mean', 'one'], ['n'], { epsilon: 2 ** -20 }),
    nodeOf('Relu', ['n'], ['r']),
    nodeOf('MaxPool', ['r'], ['p'], { kernel_shape: [2, 2], strides: [2, 2] }),
    nodeOf('Flatten', ['p'], ['f']),
    nodeOf('Gemm', ['f', 'd'], ['y']),
  ];
  const constants = {
    w: constant([4, 3, 3, 3], 1),
    b: constant([4], 2),
    mean: constant([4], 3),
    one: ones(4),
    d: constant([64, 5], 4),
  };
  const graph = graphOf({ x: IMAGE }, nodes, { constants });
  return { ...graph, types: new Map([['x', { dtype, shape: IMAGE }]]) };
}
