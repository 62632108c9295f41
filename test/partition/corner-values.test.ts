import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import type { Attribute, Graph, Node } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { shardOf } from '../../src/partition/cut.ts';
import { slice } from '../../src/tensor/copy.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { seededNormals } from '../../src/zoo/normal.ts';
import { runWhole } from '../support/execute.ts';
import { difference } from '../support/onnxruntime.ts';
import { partialRegions } from '../support/regions.ts';

const ints = (...value: number[]): Attribute => ({ type: 'ints', value });
const int = (value: number): Attribute => ({ type: 'int', value });
const text = (value: string): Attribute => ({ type: 'string', value });
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

interface Corner {
  readonly nodes: readonly Pick<Node, 'op' | 'inputs' | 'attributes'>[];
  readonly constants?: Readonly<Record<string, readonly number[]>>;
  readonly opset?: number;
  readonly shape?: readonly number[];
  /** Written over the seeded numbers, again and again. */
  readonly values?: readonly number[];
  /** How far parts may be off where the engine adds in another order than for the whole. Default 0: the same bits. */
  readonly rounding?: number;
}

const average = (attributes: Record<string, Attribute>): Corner['nodes'] => [
  {
    op: 'AveragePool',
    inputs: ['x'],
    attributes: { kernel_shape: ints(3, 3), strides: ints(2, 2), ...attributes },
  },
];
const transposed = (attributes: Record<string, Attribute>): Corner => ({
  nodes: [
    {
      op: 'ConvTranspose',
      inputs: ['x', 'w'],
      attributes: {
        kernel_shape: ints(3, 3),
        strides: ints(2, 2),
        output_shape: ints(17, 13),
        ...attributes,
      },
    },
  ],
  constants: { w: [8, 5, 3, 3] },
});
const maximum = [
  {
    op: 'MaxPool',
    inputs: ['x'],
    attributes: { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) },
  },
];

/** Where an operator has a rule of its own for the border, for numbers that are none, or for the sign of zero. */
const CORNERS: Readonly<Record<string, Corner>> = {
  'AveragePool, ceil_mode and count_include_pad': {
    nodes: average({ ceil_mode: int(1), count_include_pad: int(1), pads: ints(1, 1, 1, 1) }),
    opset: 13,
    rounding: 1e-6,
  },
  'AveragePool, ceil_mode and count_include_pad, opset 19': {
    nodes: average({ ceil_mode: int(1), count_include_pad: int(1), pads: ints(1, 1, 1, 1) }),
    opset: 19,
  },
  'AveragePool, ceil_mode': { nodes: average({ ceil_mode: int(1), pads: ints(1, 0, 1, 1) }) },
  'AveragePool, count_include_pad': { nodes: average({ count_include_pad: int(1), pads: ints(1, 0, 1, 1) }) },
  'ConvTranspose, output_shape': transposed({}),
  'ConvTranspose, output_shape, SAME_LOWER': transposed({ auto_pad: text('SAME_LOWER') }),
  'ConvTranspose, output_shape, SAME_UPPER': transposed({ auto_pad: text('SAME_UPPER') }),
  'MaxPool of NaN': { nodes: maximum, values: [1, nan, 2, 0.5, -1, 3, 4] },
  'MaxPool of -Infinity': { nodes: maximum, values: [-inf] },
  'MaxPool of -Infinity behind a Conv': {
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], attributes: { kernel_shape: ints(1, 1) } },
      { ...maximum[0]!, inputs: ['t0'] },
    ],
    constants: { w: [8, 8, 1, 1] },
    values: [-inf],
  },
  'Conv of -0': {
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], attributes: { kernel_shape: ints(1, 1) } },
      { op: 'Neg', inputs: ['t0'], attributes: {} },
    ],
    constants: { w: [8, 8, 1, 1] },
    values: [-0, 0],
  },
  'Relu of -0 and NaN': {
    nodes: [{ op: 'Relu', inputs: ['x'], attributes: {} }],
    values: [-0, nan, 0, -1, 2],
  },
};

function graphOf({ nodes, constants = {}, opset = 17, shape = [1, 8, 9, 7] }: Corner): Graph {
  const initializers = Object.entries(constants).map(([name, extents]): [string, Tensor] => {
    const size = extents.reduce((all, extent) => all * extent, 1);
    return [name, Tensor.float32(extents, seededNormals(1, name, size, 1))];
  });
  return inferTypes({
    name: 'corner',
    opsets: { '': opset },
    inputs: ['x'],
    outputs: [`t${nodes.length - 1}`],
    nodes: nodes.map((node, at) => ({ ...node, name: `n${at}`, domain: '', outputs: [`t${at}`] })),
    initializers: new Map(initializers),
    types: new Map([['x', { dtype: 'float32', shape }]]),
  });
}

describe('a cut gives the bits of the whole model:', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(Object.entries(CORNERS))('%s', async (_, corner) => {
    const graph = graphOf(corner);
    const { shape } = graph.types.get('x')!;
    const size = shape.reduce((all, extent) => all * extent, 1);
    const { values } = corner;
    const data = values
      ? Float32Array.from({ length: size }, (_unused, at) => values[at % values.length]!)
      : seededNormals(2, 'x', size, 1);
    const x = Tensor.float32(shape, data);
    const [output] = graph.outputs as [string];
    const whole = (await runWhole(engine, graph, new Map([['x', x]]))).get(output)!;
    for (const region of partialRegions(whole.shape)) {
      const shard = shardOf({ graph, nodes: graph.nodes }, { placed: [{ tensor: output, region }] });
      expect(shard).toBeDefined();
      const program = await engine.compile(shard!.program);
      const parts = shard!.inputs.map((input) => slice(x, input.region));
      const { outputs } = await program.run(parts).finally(() => program.dispose());
      const tolerance = { relative: 0, absolute: corner.rounding ?? 0 };
      const got = Tensor.of(outputs[0]!.dtype, outputs[0]!.shape, outputs[0]!.data);
      expect([region.join(' | '), difference(got, slice(whole, region), tolerance)]).toEqual([
        region.join(' | '),
        undefined,
      ]);
    }
  });
});
