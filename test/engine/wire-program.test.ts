import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CompiledProgram } from '../../src/engine/engine.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { compileForWire } from '../../src/engine/wire-program.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { float16ToFloat32, float32ToFloat16 } from '../../src/tensor/float16.ts';
import { type Precision, scaleShape, wireTypeOf } from '../../src/tensor/precision.ts';
import { type Shape, sizeOf, wholeRegion } from '../../src/tensor/region.ts';
import { bytesOf, Tensor } from '../../src/tensor/tensor.ts';
import { fromWire, wireRegion } from '../../src/tensor/wire-region.ts';
import { forEachEngine } from '../support/each-engine.ts';
import { graphOf, nodeOf } from '../support/graphs.ts';

const OPSETS = [9, 13, 18];
const SHAPES: readonly Shape[] = [
  [1, 6, 5, 7],
  [2, 3, 4, 4],
  [1, 5, 2, 2],
  [1, 50],
];

/** y = relu(x) + x, with two outputs: operators of every engine, in every opset. */
function doubled(shape: Shape, opset: number) {
  const nodes = [nodeOf('Relu', ['x'], ['r']), nodeOf('Add', ['r', 'x'], ['y'])];
  return inferTypes(graphOf({ x: shape }, nodes, { opset, outputs: ['y', 'r'] }));
}

/** As a party sends it. */
function sent(tensor: Tensor, precision: Precision): Tensor[] {
  const { type, scales, fill } = wireRegion(tensor, wholeRegion(tensor.shape), precision);
  const bytes = Tensor.zeros(type.dtype, tensor.shape);
  fill(0, bytesOf(bytes.data));
  return scales ? [bytes, Tensor.of('float32', scaleShape(type), scales)] : [bytes];
}

function numbers(shape: Shape): Tensor {
  return Tensor.float32(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, at) => (at % 17) * 0.37 - 2 * (at % 5)),
  );
}

describe('a program whose edges are those of the wire', () => {
  forEachEngine((engine) => {
    for (const precision of ['float16', 'int8'] as const) {
      for (const opset of OPSETS) {
        it.each(SHAPES)(`takes and gives ${precision} of [%i, %i, ...], opset ${opset}`, async (...shape) => {
          const graph = doubled(
            shape.filter((extent) => extent !== undefined),
            opset,
          );
          const typeOf = (name: string) => wireTypeOf(graph.types.get(name)!, precision);
          const edges = { inputs: graph.inputs.map(typeOf), outputs: graph.outputs.map(typeOf) };
          const program = await compileForWire(engine, graph, edges);
          const x = numbers(shape);
          const { outputs } = await program.run(sent(x, precision));
          await program.dispose();
          const made = outputs.values();
          for (const [at, name] of graph.outputs.entries()) {
            const { dtype, shape: own, scales } = edges.outputs[at]!;
            const tensor = made.next().value!;
            expect([tensor.dtype, tensor.shape]).toEqual([dtype, own]);
            const factors = scales === undefined ? undefined : (made.next().value!.data as Float32Array);
            expect(factors?.length).toBe(scales);
            const got = fromWire({ dtype: 'float32', shape: own }, tensor.data, factors) as Float32Array;
            const read = fromWire(
              x,
              sent(x, precision)[0]!.data,
              sent(x, precision)[1]?.data as Float32Array,
            );
            (read as Float32Array).forEach((value, element) => {
              const wanted = Math.max(0, value) + (name === 'y' ? value : 0);
              const bound = precision === 'float16' ? 1e-3 * Math.abs(wanted) : 0.51 * Math.max(...factors!);
              expect(Math.abs(got[element]! - wanted)).toBeLessThanOrEqual(bound + 1e-6);
            });
          }
          expect(made.next().done).toBe(true);
        });
      }
    }

    it('gives zeros for zeros', async () => {
      const graph = doubled([1, 2, 4, 4], 13);
      const type = wireTypeOf(graph.types.get('x')!, 'int8');
      const program = await compileForWire(engine, graph, { inputs: [type], outputs: [type, type] });
      const { outputs } = await program.run(sent(Tensor.zeros('float32', [1, 2, 4, 4]), 'int8'));
      await program.dispose();
      for (const { data } of outputs) for (const value of data) expect(Number(value)).toBeLessThan(1e-29);
    });

    it('is the program itself where nothing travels narrower', async () => {
      const graph = doubled([1, 4], 13);
      const x = numbers([1, 4]);
      const program = await compileForWire(engine, graph, { inputs: [x], outputs: [undefined, x] });
      const { outputs } = await program.run([x]);
      await program.dispose();
      expect(outputs.map(({ dtype }) => dtype)).toEqual(['float32', 'float32']);
    });
  });
});

describe('our conversions', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  let cast: CompiledProgram;
  let back: CompiledProgram;
  const SIZE = 256;
  beforeAll(async () => {
    await engine.start();
    const to = (code: number) => nodeOf('Cast', ['x'], ['y'], { to: code });
    cast = await engine.compile(inferTypes(graphOf({ x: [SIZE] }, [to(10)])));
    const narrow = graphOf({ x: [SIZE] }, [to(1)]);
    back = await engine.compile(
      inferTypes({ ...narrow, types: new Map([['x', { dtype: 'float16', shape: [SIZE] }]]) }),
    );
  });
  afterAll(() => engine.stop());

  it('equal those of Cast in onnxruntime for any float32, subnormal and infinite ones too', async () => {
    const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    // exponents around those of halves, where rounding is hard
    const near = fc
      .tuple(fc.boolean(), fc.integer({ min: 96, max: 146 }), fc.integer({ min: 0, max: 2 ** 23 - 1 }))
      .map(([sign, exponent, fraction]) => ((sign ? 2 ** 31 : 0) + exponent * 2 ** 23 + fraction) >>> 0);
    const words = fc.array(fc.oneof(word, near), { minLength: SIZE, maxLength: SIZE });
    await fc.assert(
      fc.asyncProperty(words, async (bits) => {
        const floats = new Float32Array(Uint32Array.from(bits).buffer);
        const { outputs } = await cast.run([Tensor.float32([SIZE], floats)]);
        const wanted = outputs[0]!.data as Uint16Array;
        const isNaNHalf = (half: number) => (half & 0x7fff) > 0x7c00;
        float32ToFloat16(floats).forEach((half, at) => {
          expect(isNaNHalf(half) ? isNaNHalf(wanted[at]!) : half === wanted[at]).toBe(true);
        });
        const again = await back.run([outputs[0]!]);
        expect(float16ToFloat32(wanted)).toEqual(again.outputs[0]!.data);
      }),
      { numRuns: 60 },
    );
  });
});
