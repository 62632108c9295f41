import assert from 'node:assert/strict';
import { ARRAYS, type ArrayOf, DTYPES, type DType } from '../tensor/dtype.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type Case, nodeOf, programOf, sameArray } from './conformance-support.ts';

/** Elements that each type must carry unchanged: the extremes among them. */
const ELEMENTS: { readonly [D in DType]: readonly (number | bigint)[] } = {
  float32: [0, -1.5, 3.4028234663852886e38, 1.401298464324817e-45],
  float64: [0, -1.5, Number.MAX_VALUE, Number.MIN_VALUE],
  float16: [0, 0x3c00, 0xfbff, 0x0001],
  int8: [0, 1, -128, 127],
  int16: [0, 1, -32_768, 32_767],
  int32: [0, 1, -(2 ** 31), 2 ** 31 - 1],
  int64: [0n, 1n, -(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0, 1, 128, 255],
  uint16: [0, 1, 256, 65_535],
  uint32: [0, 1, 2 ** 31, 2 ** 32 - 1],
  uint64: [0n, 1n, 2n ** 63n, 2n ** 64n - 1n],
  bool: [0, 1, 1, 0],
};

/** Every element type goes in and comes out unchanged. */
export const DTYPE_CASES: readonly Case[] = DTYPES.map(
  (dtype): Case => ({
    name: `carries every ${dtype} unchanged`,
    async run(engine) {
      const type = { dtype, shape: [2, 2] };
      const graph = programOf(`identity of ${dtype}`, {
        inputs: { x: type },
        nodes: [nodeOf('Identity', ['x'], 'y')],
        outputs: ['y'],
        types: { y: type },
      });
      const data = (ARRAYS[dtype] as { from(values: readonly unknown[]): ArrayOf<DType> }).from(
        ELEMENTS[dtype],
      );
      const { outputs } = await (await engine.compile(graph)).run([Tensor.of(dtype, [2, 2], data)]);
      const got = outputs[0]!;
      assert.equal(got.dtype, dtype);
      assert.equal(got.data.constructor.name, ARRAYS[dtype].name);
      sameArray(got.data, data);
    },
  }),
);
