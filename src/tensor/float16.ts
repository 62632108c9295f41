/**
 * Conversions between float32 and IEEE 754 half bits, as `float16` tensors hold them. The loops take four elements a turn:
 * measured twice as fast in V8 as one a turn.
 */

/** Every half is a float32; made when it is first asked for. */
let widened: Float32Array | undefined;

function widenedHalves(): Float32Array {
  if (widened) return widened;
  const floats = new Float32Array(65_536);
  const bits = new Uint32Array(floats.buffer);
  for (let half = 0; half < floats.length; half += 1) {
    const sign = (half & 0x8000) << 16;
    const magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) bits[half] = sign | 0x7f800000 | ((magnitude & 0x3ff) << 13);
    else if (magnitude >= 0x0400) bits[half] = sign | ((magnitude << 13) + 0x38000000);
    else floats[half] = (sign === 0 ? 1 : -1) * magnitude * 2 ** -24;
  }
  widened = floats;
  return floats;
}

/**
 * By sign and exponent of a float32: what is added to its shifted significand (from bit 5), and by how much that is
 * shifted. Subnormal halves count units of 2^-24; from 65520 on everything is shifted away and infinity is left.
 */
const ROUNDING = Int32Array.from({ length: 512 }, (_, at) => {
  const [sign, exponent] = [(at >> 8) << 15, at & 255];
  if (exponent >= 0x8f) return ((sign | 0x7c00) << 5) | 31;
  if (exponent >= 0x71) return ((sign + ((exponent - 0x71) << 10)) << 5) | 13;
  return (sign << 5) | Math.min(25, 13 + 0x71 - exponent);
});

/** The nearest half of a float32, both as bits; of two equally near ones the even. NaN stays NaN. */
function halfOf(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) & 0x8000) | 0x7e00 | ((bits >>> 13) & 0x3ff);
  const rounding = ROUNDING[bits >>> 23]!;
  const significand = (bits & 0x7fffff) | 0x800000;
  // half of the dropped part less one, plus the kept part's last bit: carries exactly where rounding goes up
  const carried = significand + (1 << ((rounding & 31) - 1)) - 1 + ((significand >>> rounding) & 1);
  return (rounding >>> 5) + (carried >>> rounding);
}

/** Rounds `count` elements of `floats`, from element `from` on, into `halves`, from element `to` on. */
export function narrow(
  floats: Float32Array,
  from: number,
  halves: Uint16Array,
  to: number,
  count: number,
): void {
  const bits = new Int32Array(floats.buffer, floats.byteOffset, floats.length);
  let at = 0;
  for (; at + 3 < count; at += 4) {
    halves[to + at] = halfOf(bits[from + at]!);
    halves[to + at + 1] = halfOf(bits[from + at + 1]!);
    halves[to + at + 2] = halfOf(bits[from + at + 2]!);
    halves[to + at + 3] = halfOf(bits[from + at + 3]!);
  }
  for (; at < count; at += 1) halves[to + at] = halfOf(bits[from + at]!);
}

/** Widens `count` elements of `halves`, from element `from` on, into `floats`, from element `to` on. Exact. */
export function widen(
  halves: Uint16Array,
  from: number,
  floats: Float32Array,
  to: number,
  count: number,
): void {
  const table = widenedHalves();
  let at = 0;
  for (; at + 3 < count; at += 4) {
    floats[to + at] = table[halves[from + at]!]!;
    floats[to + at + 1] = table[halves[from + at + 1]!]!;
    floats[to + at + 2] = table[halves[from + at + 2]!]!;
    floats[to + at + 3] = table[halves[from + at + 3]!]!;
  }
  for (; at < count; at += 1) floats[to + at] = table[halves[from + at]!]!;
}

/** IEEE 754 half-precision bits to float32. Exact: every half is a float32. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  widen(halves, 0, floats, 0, halves.length);
  return floats;
}

/**
 * float32 to IEEE 754 half-precision bits, rounded to the nearest half, of two equally near ones to the even.
 * From 65520 on the nearest is infinity; NaN stays NaN.
 */
export function float32ToFloat16(floats: Float32Array): Uint16Array {
  const halves = new Uint16Array(floats.length);
  narrow(floats, 0, halves, 0, floats.length);
  return halves;
}
