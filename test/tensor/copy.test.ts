import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { accumulate, place, readRegion, slice } from '../../src/tensor/copy.ts';
import { regionShape, regionSize, type Shape, sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { indicesIn, offsetOf, regionOf } from '../support/regions.ts';

const shapes = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 }),
  // runs on both sides of the length from which they are copied in one piece
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 28, max: 70 })),
);
const boxes = shapes.chain((shape) => fc.tuple(fc.constant(shape), regionOf(shape, { empty: true })));
/** A box, and a stretch of its elements. */
const stretches = boxes.chain(([shape, region]) => {
  const bound = fc.integer({ min: 0, max: regionSize(region) });
  return fc.tuple(fc.constant(shape), fc.constant(region), bound, bound);
});

function counting(shape: Shape, from = 0): Tensor<'float32'> {
  return Tensor.float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, at) => from + at),
  );
}

describe('copies of regions equal copies element by element', () => {
  it('slice', () => {
    fc.assert(
      fc.property(boxes, ([shape, region]) => {
        const source = counting(shape);
        const part = slice(source, region);
        expect(part.shape).toEqual(regionShape(region));
        const want = [...indicesIn(region)].map((index) => source.data[offsetOf(shape, index)]);
        expect([...part.data]).toEqual(want);
      }),
    );
  });

  it('readRegion of a stretch', () => {
    fc.assert(
      fc.property(stretches, ([shape, region, a, b]) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const target = new Float32Array(to - from);
        readRegion(counting(shape).data, shape, region, from, target);
        const want = [...indicesIn(region)].map((index) => offsetOf(shape, index));
        expect([...target]).toEqual(want.slice(from, to));
      }),
    );
  });

  it('place and accumulate of a stretch, which touch nothing else', () => {
    fc.assert(
      fc.property(stretches, ([shape, region, a, b]) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const elements = Float32Array.from({ length: to - from }, (_, at) => 1000 + at);
        const [placed, summed] = [counting(shape).data, counting(shape).data];
        place(placed, shape, region, elements, from);
        accumulate(summed, shape, region, elements, from);
        const [wantPlaced, wantSummed] = [[...counting(shape).data], [...counting(shape).data]];
        [...indicesIn(region)].slice(from, to).forEach((index, at) => {
          wantPlaced[offsetOf(shape, index)] = elements[at]!;
          wantSummed[offsetOf(shape, index)]! += elements[at]!;
        });
        expect([...placed]).toEqual(wantPlaced);
        expect([...summed]).toEqual(wantSummed);
      }),
    );
  });

  it('refuses more elements than the region holds', () => {
    const region = [[0, 2]] as const;
    expect(() => place(new Float32Array(4), [4], region, new Float32Array(3))).toThrow(RangeError);
    expect(() => readRegion(new Float32Array(4), [4], region, 1, new Float32Array(2))).toThrow(RangeError);
    expect(() => accumulate(new Float32Array(4), [4], [[1, 1]], new Float32Array(1))).toThrow(RangeError);
  });
});

describe('a slice', () => {
  it('of channels of an N=1 NCHW tensor is a view on the same buffer', () => {
    const source = counting([1, 6, 4, 5]);
    const part = slice(source, [
      [0, 1],
      [2, 4],
      [0, 4],
      [0, 5],
    ]);
    expect(part.data.buffer).toBe(source.data.buffer);
    expect(part.data.byteOffset).toBe(160);
  });

  it('of rows is a copy, made only when it is read', () => {
    let reads = 0;
    const source = Tensor.deferred('float32', [2, 4], () => {
      reads += 1;
      return new Float32Array(8);
    });
    const part = slice(source, [
      [0, 2],
      [1, 3],
    ]);
    expect(reads).toBe(0);
    expect(part.data).toHaveLength(4);
    expect(reads).toBe(1);
  });

  it('keeps 64-bit integers', () => {
    const source = Tensor.of('int64', [3], BigInt64Array.of(1n, 2n ** 62n, -3n));
    expect(slice(source, [[1, 3]]).data).toEqual(BigInt64Array.of(2n ** 62n, -3n));
  });
});
