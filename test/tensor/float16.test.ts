import { describe, expect, it } from '@jest/globals';
import { float16ToFloat32, float32ToFloat16 } from '../../src/tensor/float16.ts';

const ALL = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
const INFINITE = 0x7c00;

/** The value of a half by IEEE 754's definition: sign, five bits of exponent, ten of fraction. */
function meaningOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The float32 next to a positive one. */
function neighbour(value: number, step: 1 | -1): number {
  const floats = Float32Array.of(value);
  new Uint32Array(floats.buffer)[0]! += step;
  return floats[0]!;
}

describe('float16', () => {
  it('becomes float32 as IEEE 754 defines it, for all 65536 halves', () => {
    const floats = float16ToFloat32(ALL);
    const wrong = [...ALL].filter((bits) => !Object.is(floats[bits], meaningOf(bits)));
    expect(wrong).toEqual([]);
  });

  it('comes back the same, for all 65536 halves; NaN stays NaN', () => {
    const back = float32ToFloat16(float16ToFloat32(ALL));
    const isNotANumber = (bits: number) => (bits & 0x7fff) > INFINITE;
    const wrong = [...ALL].filter((bits) =>
      isNotANumber(bits) ? !isNotANumber(back[bits]!) : back[bits] !== bits,
    );
    expect(wrong).toEqual([]);
  });

  it.each([0, 0x8000])('rounds to the nearest, ties to even, around every midpoint (sign %i)', (sign) => {
    const wrong: number[] = [];
    for (let low = 0; low < INFINITE; low += 1) {
      // Above the largest half, the midpoint is the one to 2^16, which would be the next half.
      const above = low + 1 === INFINITE ? 2 ** 16 : meaningOf(low + 1);
      const middle = (meaningOf(low) + above) / 2;
      const floats = Float32Array.of(neighbour(middle, -1), middle, neighbour(middle, 1));
      const halves = float32ToFloat16(sign ? floats.map((value) => -value) : floats);
      const even = low % 2 === 0 ? low : low + 1;
      if (halves[0] !== (sign | low) || halves[1] !== (sign | even) || halves[2] !== (sign | (low + 1)))
        wrong.push(low);
    }
    expect(wrong).toEqual([]);
  });

  it('keeps the extremes apart', () => {
    const floats = Float32Array.of(
      Number.POSITIVE_INFINITY,
      -3e38,
      1e-45,
      -0,
      Number.NaN,
      65_504,
      65_519.996,
    );
    expect([...float32ToFloat16(floats)]).toEqual([0x7c00, 0xfc00, 0, 0x8000, 0x7e00, 0x7bff, 0x7bff]);
  });

  it('reads a view that does not begin at the start of its buffer', () => {
    expect([...float32ToFloat16(Float32Array.of(9, 1, 2).subarray(1))]).toEqual([0x3c00, 0x4000]);
    expect(float32ToFloat16(new Float32Array(0))).toHaveLength(0);
  });
});
