import { expect, it } from '@jest/globals';
import { narrowToHalf, widenHalf } from '../../src/tensor/float16.ts';

it('every half survives the way to float32 and back', () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
  const back = narrowToHalf(widenHalf(halves));
  const isNaN16 = (half: number) => (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0;
  for (const half of halves) {
    if (isNaN16(half)) expect(isNaN16(back[half]!)).toBe(true);
    else if (back[half] !== half) throw new Error(`${half.toString(16)} became ${back[half]!.toString(16)}`);
  }
});

it('known values, limits and ties', () => {
  expect([...widenHalf(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x8000))]).toEqual([
    1,
    -2,
    65504,
    2 ** -24,
    Number.POSITIVE_INFINITY,
    -0,
  ]);
  // Halfway between two halves the even one wins; 65,520 is halfway to what would be 65,536.
  const ties = Float32Array.of(
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    65519,
    65520,
    2 ** -25,
    3 * 2 ** -25,
    2 ** -14,
    -1e-9,
  );
  expect([...narrowToHalf(ties)]).toEqual([0x3c00, 0x3c02, 0x7bff, 0x7c00, 0, 2, 0x0400, 0x8000]);
});
