import { expect, it } from '@jest/globals';
import type { Attribute, Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { shardOf } from '../../src/partition/cut.ts';
import { slice } from '../../src/tensor/copy.ts';
import { type Shape, sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { seededNormals } from '../../src/zoo/normal.ts';
import { forEachEngine } from '../support/each-engine.ts';
import { runWhole } from '../support/execute.ts';
import { difference } from '../support/onnxruntime.ts';
import { partialRegions } from '../support/regions.ts';

const EXACT = { relative: 0, absolute: 0 };
const ints = (...value: number[]): Attribute => ({ type: 'ints', value });
const int = (value: number): Attribute => ({ type: 'int', value });

interface Layer {
  readonly op: string;
  readonly x: Shape;
  readonly filters?: Shape;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Axes of the output along which a cut gives the bits; default: all. */
  readonly axes?: readonly number[];
}

function convolution(
  c: number,
  f: number,
  kernel: number,
  more: Partial<Layer> & { group?: number; stride?: number } = {},
): Layer {
  const { group = 1, stride = 1, ...rest } = more;
  const pad = kernel >> 1;
  const window = {
    kernel_shape: ints(kernel, kernel),
    pads: ints(pad, pad, pad, pad),
    strides: ints(stride, stride),
  };
  const attributes = { ...window, group: int(group) };
  return { op: 'Conv', x: [1, c, 14, 11], filters: [f, c / group, kernel, kernel], attributes, ...rest };
}

const ROWS_AND_COLUMNS = [2, 3];
const pool = { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) };

/** The table "Bits" in docs/schemes.md, with random numbers whose sums depend on their order. */
const PROMISES: Readonly<Record<string, Layer>> = {
  'Conv 3x3': convolution(16, 24, 3),
  'Conv 3x3, channels that fill no block': convolution(5, 7, 3),
  'Conv 3x3 of a picture': convolution(3, 32, 3),
  'Conv 1x1': convolution(20, 21, 1),
  'Conv 5x5, stride 2': convolution(8, 16, 5, { stride: 2 }),
  'Conv, depthwise': convolution(24, 24, 3, { group: 24, axes: ROWS_AND_COLUMNS }),
  'Conv, two groups': convolution(16, 24, 3, { group: 2, axes: ROWS_AND_COLUMNS }),
  ConvTranspose: {
    op: 'ConvTranspose',
    x: [1, 8, 7, 6],
    filters: [8, 12, 3, 3],
    attributes: { kernel_shape: ints(3, 3), strides: ints(2, 2) },
  },
  Gemm: { op: 'Gemm', x: [1, 96], filters: [50, 96], attributes: { transB: int(1) } },
  MatMul: { op: 'MatMul', x: [1, 9, 96], filters: [96, 50] },
  MaxPool: { op: 'MaxPool', x: [1, 24, 14, 11], attributes: pool },
  AveragePool: { op: 'AveragePool', x: [1, 24, 14, 11], attributes: pool, axes: ROWS_AND_COLUMNS },
};

function graphOf(title: string, { op, x, filters, attributes = {} }: Layer): Graph {
  const w = filters && Tensor.float32(filters, seededNormals(1, title, sizeOf(filters), 1));
  return inferTypes({
    name: title,
    opsets: { '': 14 },
    inputs: ['x'],
    outputs: ['y'],
    nodes: [{ name: op, op, domain: '', inputs: w ? ['x', 'w'] : ['x'], outputs: ['y'], attributes }],
    initializers: new Map(w ? [['w', w]] : []),
    types: new Map([['x', { dtype: 'float32', shape: x }]]),
  });
}

forEachEngine((engine) => {
  it.each(Object.entries(PROMISES))('a part of %s has the bits of the whole', async (title, layer) => {
    const graph = graphOf(title, layer);
    const x = Tensor.float32(layer.x, seededNormals(2, title, sizeOf(layer.x), 1));
    const whole = (await runWhole(engine, graph, new Map([['x', x]]))).get('y')!;
    const regions = partialRegions(whole.shape, layer.axes);
    expect(regions.length).toBeGreaterThan(3);
    for (const region of regions) {
      const shard = shardOf({ graph, nodes: graph.nodes }, { placed: [{ tensor: 'y', region }] })!;
      const program = await engine.compile(shard.program);
      const parts = shard.inputs.map((input) => slice(x, input.region));
      const { outputs } = await program.run(parts).finally(() => program.dispose());
      const got = Tensor.of(outputs[0]!.dtype, outputs[0]!.shape, outputs[0]!.data);
      expect([region.join(' | '), difference(got, slice(whole, region), EXACT)]).toEqual([
        region.join(' | '),
        undefined,
      ]);
    }
  });
});
