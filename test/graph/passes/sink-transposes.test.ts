import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeOnnx } from '../../../src/formats/onnx/index.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { sizeOf } from '../../../src/tensor/region.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { ChannelsLastBuilder } from '../../support/channels-last.ts';
import { difference, runOnnx } from '../../support/onnxruntime.ts';
import { numbers } from '../../support/operators.ts';

/** Sums in another order: rounding goes with the largest terms, which may cancel in what is small. */
function toleranceOf(wanted: Tensor) {
  const largest = (wanted.data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return { relative: 1e-5, absolute: 1e-4 * largest };
}

const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);
const transposes = (graph: Graph) => ops(graph).filter((op) => op === 'Transpose').length;

/** Elements that the Transposes move. */
function moved(graph: Graph): number {
  const made = graph.nodes.filter(({ op }) => op === 'Transpose').map(({ outputs }) => outputs[0]!);
  return made.reduce((sum, name) => sum + sizeOf(graph.types.get(name)!.shape), 0);
}

/** Simplifies, and checks in onnxruntime that the results stay. */
async function simplified(graph: Graph): Promise<Graph> {
  const before = inferTypes(graph);
  const after = inferTypes(simplify(before));
  expect([after.inputs, after.outputs]).toEqual([before.inputs, before.outputs]);
  const inputs = Object.fromEntries(
    before.inputs.map((name, at) => [name, numbers(before.types.get(name)!.shape, at + 5)]),
  );
  const wanted = await runOnnx(writeOnnx(before), inputs);
  const got = await runOnnx(writeOnnx(after), inputs);
  for (const name of before.outputs) {
    expect(difference(got[name]!, wanted[name]!, toleranceOf(wanted[name]!))).toBeUndefined();
    expect(after.types.get(name)).toEqual(before.types.get(name));
  }
  return after;
}

/** Of a graph with one input x of 1 x 6 x 6 x 4, NHWC. */
async function reduced(
  make: (builder: ChannelsLastBuilder, x: string) => string | string[],
  opset = 13,
): Promise<Graph> {
  const builder = new ChannelsLastBuilder(opset);
  const x = builder.input('x', [1, 6, 6, 4]);
  const outputs = make(builder, x);
  return await simplified(builder.graph(typeof outputs === 'string' ? [outputs] : outputs));
}

describe('Transposes', () => {
  it('leave a channels-last classifier but for the one at its input', async () => {
    const graph = await reduced((b, x) => {
      const scaled = b.add('Mul', [x, b.numbers(4)]);
      const stem = b.add('Relu', [b.add('Add', [b.conv(scaled, 8), b.numbers(8)])]);
      const block = b.conv(b.add('Clip', [b.conv(stem, 8)]), 8);
      const sum = b.add('Add', [stem, block]);
      const pooled = b.first('MaxPool', sum, [], { kernel_shape: [2, 2], strides: [2, 2] });
      const mean = b.add('ReduceMean', [pooled], { axes: [1, 2], keepdims: 0 });
      return b.add('Softmax', [b.add('Add', [b.add('MatMul', [mean, b.numbers(8, 5)]), b.numbers(5)])], {
        axis: 1,
      });
    });
    expect(ops(graph)).toEqual([
      'Transpose',
      'Mul',
      'Conv',
      'Add',
      'Relu',
      'Conv',
      'Clip',
      'Conv',
      'Add',
      'MaxPool',
      'GlobalAveragePool',
      'Reshape',
      'MatMul',
      'Add',
      'Softmax',
    ]);
    expect(graph.nodes[0]!.inputs).toEqual(['x']);
  });

  it.each([
    ['Reshape', 'MatMul'],
    ['Flatten', 'Gemm'],
    ['Reshape', 'Gemm, transposed'],
  ])('before %s become the order of the rows of the filters of %s', async (flatten, dense) => {
    const graph = await reduced((b, x) => {
      const map = b.add('Relu', [b.conv(x, 3)]);
      const flat = flatten === 'Flatten' ? b.add('Flatten', [map]) : b.add('Reshape', [map, b.ints(1, -1)]);
      const scaled = b.add('Mul', [b.add('Relu', [flat]), b.numbers(108)]);
      if (dense === 'MatMul') return b.add('MatMul', [scaled, b.numbers(108, 7)]);
      if (dense === 'Gemm') return b.add('Gemm', [scaled, b.numbers(108, 7), b.numbers(7)]);
      return b.add('Gemm', [scaled, b.numbers(7, 108)], { transB: 1 });
    });
    expect(transposes(graph)).toBe(1);
    expect(ops(graph).slice(0, 2)).toEqual(['Transpose', 'Conv']);
  });

  it('share one copy of the filters of two dense layers, and leave the original for a third', async () => {
    const graph = await reduced((b, x) => {
      const flat = b.add('Flatten', [b.conv(x, 3)]);
      const other = b.add('Flatten', [x]);
      const filters = b.numbers(108, 2);
      const wide = b.add('MatMul', [b.add('Slice', [other, b.ints(0), b.ints(108), b.ints(1)]), filters]);
      return [b.add('MatMul', [flat, filters]), b.add('MatMul', [b.add('Neg', [flat]), filters]), wide];
    });
    const large = [...graph.initializers].filter(([, { shape }]) => shape[0] === 108);
    expect(large).toHaveLength(2);
    expect(transposes(graph)).toBe(1);
  });

  it('pass concatenation, slices, pads, splits, softmax, gathering and reductions, whose axes are renumbered', async () => {
    const graph = await reduced((b, x) => {
      const map = b.conv(x, 4);
      const [left, right] = b.split('Split', [map, b.ints(1, 3)], 2, { axis: 3 });
      const joined = b.add('Concat', [right!, left!, map], { axis: -1 });
      const padded = b.add('Pad', [joined, b.ints(0, 1, 2, 0, 0, 0, 1, 0), b.constant(numbers([], 3))]);
      const cut = b.add('Slice', [padded, b.ints(1, -1), b.ints(100, -6), b.ints(2, -1), b.ints(2, -1)]);
      const picked = b.add('Gather', [cut, b.ints(2, 0, 1, 3)], { axis: 1 });
      const scores = b.add('Softmax', [picked], { axis: -1 });
      return b.conv(b.add('Sub', [scores, b.add('ReduceMax', [scores], { axes: [3] })]), 2);
    });
    // One at the input, one at the output, which stays NHWC.
    expect(transposes(graph)).toBe(2);
  });

  it('pass slices and splits of operator set 9, whose axes are attributes', async () => {
    const graph = await reduced((b, x) => {
      const [left, right] = b.split('Split', [b.conv(x, 4)], 2, { axis: 3, split: [1, 3] });
      const cut = b.add('Slice', [right!], { axes: [1, -1], starts: [1, 0], ends: [9, 2] });
      return b.conv(
        b.add('Concat', [cut, b.add('Slice', [left!], { starts: [0, 1], ends: [9, 9] })], { axis: 3 }),
        2,
      );
    }, 9);
    // One at the input, one at the output, which stays NHWC.
    expect(transposes(graph)).toBe(2);
  });

  it('of axes of one element become nothing around the squeeze and excitation of a block', async () => {
    const graph = await reduced((b, x) => {
      const map = b.conv(x, 4);
      const mean = b.add('ReduceMean', [map], { axes: [1, 2], keepdims: 0 });
      const square = b.add('Reshape', [mean, b.ints(1, 1, 1, 4)]);
      const gate = b.add('Sigmoid', [b.conv(b.add('Relu', [b.conv(square, 2, {}, 1)]), 4, {}, 1)]);
      return b.add('ReduceMean', [b.add('Mul', [map, gate])], { axes: [1, 2], keepdims: 0 });
    });
    expect(ops(graph)).toEqual([
      'Transpose',
      'Conv',
      'GlobalAveragePool',
      'Conv',
      'Relu',
      'Conv',
      'Sigmoid',
      'Mul',
      'GlobalAveragePool',
      'Reshape',
    ]);
  });

  it('of a map that is also an output remain only for that output', async () => {
    const graph = await reduced((b, x) => {
      const middle = b.add('Relu', [b.conv(x, 4)]);
      return [middle, b.add('Flatten', [b.conv(middle, 2)])];
    });
    expect(graph.outputs).toHaveLength(2);
    expect(transposes(graph)).toBe(3);
  });

  it('around one-dimensional convolutions, which add an axis, vanish', async () => {
    const builder = new ChannelsLastBuilder();
    let x = builder.input('x', [1, 12, 3]);
    for (const channels of [4, 5]) {
      const plane = builder.add('Unsqueeze', [x, builder.ints(1)]);
      const made = builder.first('Conv', plane, [builder.numbers(channels, builder.shapeOf(x)[2]!, 1, 3)], {
        pads: [0, 1, 0, 1],
      });
      x = builder.add('Relu', [builder.add('Squeeze', [made, builder.ints(1)])]);
    }
    const graph = await simplified(
      builder.graph([builder.add('ReduceMax', [x], { axes: [1], keepdims: 0 })]),
    );
    expect(transposes(graph)).toBeLessThanOrEqual(1);
  });

  it('stay where a graph has no operator that they could meet', async () => {
    const builder = new ChannelsLastBuilder();
    const x = builder.input('x', [2, 3, 4]);
    const graph = await simplified(builder.graph([builder.transpose(builder.add('Relu', [x]), [2, 0, 1])]));
    expect(transposes(graph)).toBe(1);
  });

  it('do not pass what a subgraph reads by name', () => {
    const builder = new ChannelsLastBuilder();
    const x = builder.input('x', [1, 4, 4, 2]);
    const map = builder.add('Relu', [builder.conv(x, 2)]);
    const body = { type: 'opaque' as const, proto: new Uint8Array(), reads: [map] };
    const loop = builder.add('If', [builder.input('c', [])], {}, { then_branch: body });
    const graph = simplify(inferTypes(builder.graph([loop])));
    expect(graph.nodes.flatMap(({ outputs }) => outputs)).toContain(map);
  });
});

/** Steps of a random channels-last graph; each takes the tensors of rank 4 so far and adds one. */
const STEPS = {
  conv: (b, [x]) => b.conv(x, 3),
  stride: (b, [x]) => b.conv(x, 2, { pads: [1, 1, 1, 1], strides: [2, 1] }),
  relu: (b, [x]) => b.add('Relu', [x]),
  bias: (b, [x]) => b.add('Add', [x, b.numbers(b.shapeOf(x)[3]!)]),
  plane: (b, [x]) => b.add('Mul', [b.numbers(b.shapeOf(x)[1]!, 1, 1), x]),
  slope: (b, [x]) => b.add('PRelu', [x, b.numbers(b.shapeOf(x)[3]!)]),
  pool: (b, [x]) => b.first('MaxPool', x, [], { kernel_shape: [2, 2], pads: [0, 0, 1, 1] }),
  turn: (b, [x]) => b.transpose(x, [0, 2, 1, 3]),
  roll: (b, [x]) => b.transpose(x, [3, 0, 1, 2]),
  pad: (b, [x]) => b.add('Pad', [x, b.ints(0, 1, 0, 0, 0, 0, 1, 0)]),
  cut: (b, [x]) => b.add('Slice', [x, b.ints(0), b.ints(2), b.ints(-1)]),
  softmax: (b, [x]) => b.add('Softmax', [x], { axis: 3 }),
  twice: (b, [x]) => b.add('Concat', [x, b.add('Relu', [x])], { axis: 3 }),
  gate: (b, [x]) => b.add('Mul', [x, b.add('ReduceMean', [x], { axes: [1, 2] })]),
  mean: (b, [x]) => b.add('Sub', [x, b.add('ReduceMean', [x], { axes: [3] })]),
  fold: (b, [x]) => {
    const [n, h, w, c] = b.shapeOf(x);
    return b.add('Reshape', [x, b.ints(n!, h! * w!, 1, c!)]);
  },
  add: (b, [x, y]) =>
    String(b.shapeOf(x)) === String(b.shapeOf(y)) ? b.add('Add', [x, y]) : b.add('Abs', [y]),
  join: (b, [x, y]) => {
    const fits = b.shapeOf(x).every((extent, axis) => axis === 3 || extent === b.shapeOf(y)[axis]);
    return b.add('Concat', fits ? [x, y] : [y, y], { axis: 3 });
  },
} satisfies Record<string, (builder: ChannelsLastBuilder, tensors: [string, string]) => string>;

const step = fc.record({
  kind: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
  of: fc.tuple(fc.nat(20), fc.nat(20)),
});

describe('any channels-last graph', () => {
  it('computes the same after its Transposes have moved', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 9 }),
        fc.constantFrom('none', 'flatten', 'dense'),
        fc.nat(20),
        async (steps, end, extra) => {
          const builder = new ChannelsLastBuilder();
          const tensors = [builder.input('x', [1, 5, 4, 3])];
          for (const { kind, of } of steps) {
            // Mostly the newest tensor, sometimes an older one.
            const pick = (at: number) =>
              tensors.at(-1 - (at % 4 === 0 ? Math.min(at % 5, tensors.length - 1) : 0))!;
            tensors.push(STEPS[kind](builder, [pick(of[0]), tensors[of[1] % tensors.length]!]));
          }
          let last = tensors.at(-1)!;
          if (end !== 'none') last = builder.add('Flatten', [last]);
          if (end === 'dense')
            last = builder.add('MatMul', [last, builder.numbers(builder.shapeOf(last)[1]!, 3)]);
          const more = tensors[1 + (extra % (tensors.length - 1))]!;
          const before = inferTypes(builder.graph([...new Set([last, more])]));
          const graph = await simplified(before);
          expect(moved(graph)).toBeLessThanOrEqual(moved(before));
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);
});
