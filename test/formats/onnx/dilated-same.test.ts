import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../../src/engine/onnxruntime/engine.ts';
import { prepareGraph } from '../../../src/engine/prepare.ts';
import { encodeTensor, readOnnx, writeOnnx } from '../../../src/formats/onnx/index.ts';
import { GraphProtoSchema } from '../../../src/formats/onnx/onnx_pb.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { sizeOf } from '../../../src/tensor/region.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { CutCheck } from '../../support/cut.ts';
import { floats } from '../../support/graphs.ts';
import { model, node, value } from '../../support/onnx-model.ts';
import { difference, runOnnx } from '../../support/onnxruntime.ts';

const file = 'same.onnx';
const SIDE = [7, 10] as const;
const ints = (...values: number[]) => ({ type: 7, ints: values.map(BigInt) });
const text = (each: string) => ({ type: 3, s: Buffer.from(each) });
const tolerance = { relative: 1e-5, absolute: 1e-5 };

const WINDOWS = ['SAME_UPPER', 'SAME_LOWER'].flatMap((pad) =>
  [[1, 1] as const, [2, 3] as const].flatMap((strides) =>
    [[2, 2] as const, [3, 1] as const].map((dilations) => ({ pad, strides, dilations })),
  ),
);

type Pair = readonly [number, number];
interface Window {
  readonly pad: string;
  readonly strides: Pair;
  readonly dilations: Pair;
}

function attributes({ pad, strides, dilations }: Window, dilated = true) {
  return {
    auto_pad: text(pad),
    strides: ints(...strides),
    ...(dilated ? { dilations: ints(...dilations) } : {}),
  };
}

/** The filters with zeros between their elements: a convolution with them is the dilated one, without a dilation. */
function spread(filters: Tensor, [down, across]: Pair): Tensor {
  const [n, c, h, w] = filters.shape as [number, number, number, number];
  const wide = Tensor.zeros('float32', [n, c, (h - 1) * down + 1, (w - 1) * across + 1]);
  const width = wide.shape[3]!;
  const area = wide.shape[2]! * width;
  filters.data.forEach((each, at) => {
    const [plane, row, column] = [Math.floor(at / (h * w)), Math.floor(at / w) % h, at % w];
    (wide.data as Float32Array)[plane * area + row * down * width + column * across] = Number(each);
  });
  return wide;
}

/** ONNX's definition, place by place. SAME: as many windows as strides fit, with the odd pad at the end or the start. */
function pooled(
  x: Tensor,
  { pad, strides, dilations }: Window,
  kernel: Pair,
  fold: (seen: number[]) => number,
): Tensor {
  const [height, width] = SIDE;
  const out = SIDE.map((extent, axis) => Math.ceil(extent / strides[axis]!)) as [number, number];
  const begin = SIDE.map((extent, axis) => {
    const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
    const total = Math.max(0, (out[axis]! - 1) * strides[axis]! + reach - extent);
    return pad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  const shape = [1, x.shape[1]!, ...out];
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, at) => {
    const [plane, row, column] = [
      Math.floor(at / (out[0] * out[1])),
      Math.floor(at / out[1]) % out[0],
      at % out[1],
    ];
    const seen: number[] = [];
    for (let i = 0; i < kernel[0]; i += 1) {
      for (let j = 0; j < kernel[1]; j += 1) {
        const y = row * strides[0] - begin[0]! + i * dilations[0];
        const z = column * strides[1] - begin[1]! + j * dilations[1];
        if (y >= 0 && y < height && z >= 0 && z < width) {
          seen.push(Number(x.data[plane * height * width + y * width + z]));
        }
      }
    }
    return fold(seen);
  });
  return Tensor.float32(shape, data);
}

describe('SAME padding of dilated windows', () => {
  const x = floats(1, 4, ...SIDE);
  const input = [value('x', [1, 4, ...SIDE])];
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  /** Whole, simplified, and cut by channels and by rows. */
  async function check(bytes: Uint8Array, want: Tensor, cuts = 2): Promise<void> {
    const graph = inferTypes(readOnnx(bytes, { file }));
    const simplified = inferTypes(simplify(graph));
    for (const form of [graph, simplified]) {
      const { y } = await runOnnx(writeOnnx(form), { x });
      expect(difference(y!, want, tolerance)).toBeUndefined();
    }
    const [, channels, rows, columns] = want.shape as [number, number, number, number];
    const cut = new CutCheck(engine, tolerance);
    const inputs = new Map([['x', x]]);
    const half = Math.floor(rows / 2);
    await cut.check(simplified, inputs, [
      {
        tensor: 'y',
        region: [
          [0, 1],
          [1, channels],
          [0, rows],
          [0, columns],
        ],
      },
    ]);
    await cut.check(simplified, inputs, [
      {
        tensor: 'y',
        region: [
          [0, 1],
          [0, channels],
          [half, rows],
          [0, columns],
        ],
      },
    ]);
    expect(cut).toMatchObject({ cut: cuts, refused: 2 - cuts });
  }

  it.each(WINDOWS)('$pad of a convolution, strides $strides, dilations $dilations', async (window) => {
    const w = floats(6, 4, 3, 2);
    const conv = (filters: Tensor, dilated: boolean) =>
      model({
        node: [node('Conv', ['x', 'w'], ['y'], attributes(window, dilated))],
        input,
        initializer: [encodeTensor('w', filters)],
      });
    const { y } = await runOnnx(conv(spread(w, window.dilations), false), { x });
    await check(conv(w, true), y!);
  });

  it.each(WINDOWS)('$pad of poolings, strides $strides, dilations $dilations', async (window) => {
    const pool = (op: string, opset: number) =>
      model(
        { node: [node(op, ['x'], ['y'], { ...attributes(window), kernel_shape: ints(3, 2) })], input },
        opset,
      );
    // onnxruntime takes no pads as wide as the kernel: they become a node, and its rows are not cut
    const wide = window.dilations[0] === 3;
    const most = pooled(x, window, [3, 2], (seen) => Math.max(...seen));
    for (const opset of [10, 19]) await check(pool('MaxPool', opset), most, wide ? 1 : 2);
    if (wide) {
      const refused = expect.objectContaining({ code: 'ISO_ERR_MODEL_UNSUPPORTED' });
      expect(() => readOnnx(pool('AveragePool', 19), { file })).toThrow(refused);
      return;
    }
    const mean = (seen: number[]) => seen.reduce((sum, each) => sum + each, 0) / seen.length;
    await check(pool('AveragePool', 19), pooled(x, window, [3, 2], mean));
  });

  it('of integers, and where the size is not known but the strides are 1', () => {
    const same = { auto_pad: text('SAME_UPPER'), dilations: ints(2, 2) };
    const initializer = [encodeTensor('w', Tensor.of('uint8', [1, 4, 3, 3], new Uint8Array(36)))];
    const integers = node('ConvInteger', ['x', 'w'], ['y'], same);
    const pads = (bytes: Uint8Array) => readOnnx(bytes, { file }).nodes.at(-1)?.attributes;
    const want = { pads: { type: 'ints', value: [2, 2, 2, 2] } };
    expect(
      pads(model({ node: [integers], input: [value('x', [1, 4, 9, 9], 2)], initializer })),
    ).toMatchObject(want);
    const mystery = { ...node('Mystery', ['x'], ['m']), domain: 'com.example' };
    const pool = (more: object) =>
      node('MaxPool', ['m'], ['y'], { ...same, kernel_shape: ints(3, 3), ...more });
    expect(pads(model({ node: [mystery, pool({})], input }))).toMatchObject(want);
    expect(() => pads(model({ node: [mystery, pool({ strides: ints(2, 2) })], input }))).toThrow(
      expect.objectContaining({ code: 'ISO_ERR_MODEL_UNSUPPORTED' }),
    );
  });

  it('is written as numbers in a branch of an If that is always taken, too', async () => {
    const engine = new OnnxruntimeEngine({ threads: 1 });
    const window = attributes({ pad: 'SAME_UPPER', strides: [2, 2], dilations: [2, 2] });
    const inside = [
      node('Conv', ['x', 'w'], ['a'], window),
      node('MaxPool', ['a'], ['b'], { ...window, kernel_shape: ints(3, 3) }),
    ];
    const initializer = [
      encodeTensor('w', floats(2, 2, 3, 3)),
      encodeTensor('yes', Tensor.of('bool', [], Uint8Array.of(1))),
    ];
    const read = (nodes: object[]) => {
      const input = [value('x', [1, 2, ...SIDE])];
      const output = [value('y', [1, 2, 2, 3])];
      return readOnnx(model({ node: nodes, initializer, input, output } as Parameters<typeof model>[0]), {
        file,
      });
    };
    const g = toBinary(
      GraphProtoSchema,
      create(GraphProtoSchema, { node: inside, output: [value('b', [1, 2, 2, 3])] }),
    );
    const branch = { then_branch: { type: 5, g }, else_branch: { type: 5, g } };
    try {
      const plain = await prepareGraph(read([...inside, node('Identity', ['b'], ['y'])]), engine);
      const branched = await prepareGraph(read([node('If', ['yes'], ['y'], branch)]), engine);
      expect(branched.nodes.map(({ op }) => op)).toEqual(['Conv', 'MaxPool']);
      expect(branched.types.get('y')?.shape).toEqual([1, 2, 2, 3]);
      const x = floats(1, 2, ...SIDE);
      const [want, got] = [await runOnnx(writeOnnx(plain), { x }), await runOnnx(writeOnnx(branched), { x })];
      expect(difference(got['y']!, want['y']!, tolerance)).toBeUndefined();
    } finally {
      await engine.stop();
    }
  });
});
