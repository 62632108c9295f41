import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readRegion } from '../../src/tensor/copy.ts';
import { elementBytes } from '../../src/tensor/dtype.ts';
import { float32ToFloat16 } from '../../src/tensor/float16.ts';
import { PRECISIONS, scalesOf, wireBytesOf, wireTypeOf } from '../../src/tensor/precision.ts';
import { type Region, regionShape, regionSize, type Shape, sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { placeFromWire, wireRegion } from '../../src/tensor/wire-region.ts';
import { elementsOf } from '../../src/wire/reassembly.ts';

const shapes = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 2 }), ...Array(3).fill(fc.integer({ min: 1, max: 9 }))),
  fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 40 })),
);

/** A tensor, some of whose elements are 0, and a region of it. */
const cases = shapes.chain((shape) =>
  fc.record({
    tensor: fc
      .array(fc.oneof(fc.constant(0), fc.float({ min: -1000, max: 1000, noNaN: true })), {
        minLength: sizeOf(shape as Shape),
        maxLength: sizeOf(shape as Shape),
      })
      .map((values) => Tensor.float32(shape as Shape, values)),
    region: fc.tuple(
      ...(shape as number[]).map((extent) =>
        fc
          .tuple(fc.nat(extent - 1), fc.nat(extent - 1))
          .map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const),
      ),
    ) as fc.Arbitrary<Region>,
    chunk: fc.integer({ min: 1, max: 50 }),
  }),
);

function elementsIn({ data, shape }: Tensor, region: Region): Float32Array {
  const values = new Float32Array(regionSize(region));
  readRegion(data, shape, region, 0, values);
  return values;
}

/** What arrives of a region that travels in chunks of so many elements, in an empty tensor. */
function travelled(tensor: Tensor, region: Region, precision: (typeof PRECISIONS)[number], chunk: number) {
  const { type, scales, fill } = wireRegion(tensor, region, precision);
  const target = Tensor.zeros('float32', tensor.shape);
  const width = elementBytes(type.dtype);
  for (let from = 0; from < regionSize(region); from += chunk) {
    const bytes = new Uint8Array(Math.min(chunk, regionSize(region) - from) * width);
    fill(from * width, bytes);
    placeFromWire(target, region, elementsOf(type.dtype, bytes), scales, from);
  }
  return { type, scales, values: elementsIn(target, region), target };
}

describe('a region on its way', () => {
  it('is float16 rounded to the nearest, whatever the chunks', () => {
    fc.assert(
      fc.property(cases, ({ tensor, region, chunk }) => {
        const { type, values } = travelled(tensor, region, 'float16', chunk);
        expect(type).toEqual({ dtype: 'float16', shape: regionShape(region) });
        expect(float32ToFloat16(values)).toEqual(float32ToFloat16(elementsIn(tensor, region)));
      }),
    );
  });

  it('is int8 off by half of its scale at most, which is that of its largest magnitude', () => {
    fc.assert(
      fc.property(cases, ({ tensor, region, chunk }) => {
        const wanted = elementsIn(tensor, region);
        const { type, scales, values } = travelled(tensor, region, 'int8', chunk);
        const shape = regionShape(region);
        expect(type).toEqual({ dtype: 'int8', shape, scales: scalesOf(shape) });
        expect(scales).toHaveLength(scalesOf(shape));
        const plane = scales!.length === 1 ? wanted.length : sizeOf(shape.slice(2));
        const largest = new Float32Array(scales!.length);
        wanted.forEach((value, at) => {
          const scale = Math.floor(at / plane) % scales!.length;
          largest[scale] = Math.max(largest[scale]!, Math.abs(value));
          expect(Math.abs(values[at]! - value)).toBeLessThanOrEqual(scales![scale]! * 0.5001 + 128e-30);
        });
        expect(scales).toEqual(largest.map((value) => (value / 127 < 1e-30 ? 0 : value / 127)));
      }),
    );
  });

  it('leaves what lies beside it as it is', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(...PRECISIONS), ({ tensor, region, chunk }, precision) => {
        const { target, values } = travelled(tensor, region, precision, chunk);
        const touched = (target.data as Float32Array).filter((value) => value !== 0).length;
        expect(touched).toBe(values.filter((value) => value !== 0).length);
      }),
    );
  });

  it('carries what is no finite number as such', () => {
    const values = [1, Number.NaN, 2, Number.POSITIVE_INFINITY, 3];
    for (const precision of ['float16', 'int8'] as const) {
      const { values: got } = travelled(
        Tensor.float32([1, 5], values),
        [
          [0, 1],
          [0, 5],
        ],
        precision,
        5,
      );
      expect([...got].every(Number.isFinite)).toBe(false);
    }
  });

  it('is as it is where it is no float32', () => {
    const ids = Tensor.of('int32', [1, 4], Int32Array.of(1, 2, 70_000, -5));
    for (const precision of PRECISIONS) {
      const { type, scales, fill } = wireRegion(
        ids,
        [
          [0, 1],
          [1, 4],
        ],
        precision,
      );
      expect([type, scales]).toEqual([{ dtype: 'int32', shape: [1, 3] }, undefined]);
      const bytes = new Uint8Array(12);
      fill(0, bytes);
      expect(new Int32Array(bytes.buffer)).toEqual(Int32Array.of(2, 70_000, -5));
    }
  });

  it('has a scale per channel where a channel is worth one', () => {
    expect(
      [[1, 64, 7, 7], [1, 64, 1, 1], [1, 4096], [64], [], [1, 9000, 8, 8], [2, 3, 16]].map(scalesOf),
    ).toEqual([64, 1, 1, 1, 1, 1, 3]);
    const type = { dtype: 'float32', shape: [1, 64, 7, 7] } as const;
    expect(PRECISIONS.map((precision) => wireBytesOf(type, precision))).toEqual([12_544, 6272, 3136 + 256]);
    expect(wireTypeOf({ dtype: 'uint8', shape: [3] }, 'int8')).toEqual({ dtype: 'uint8', shape: [3] });
  });
});
