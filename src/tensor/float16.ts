/**
 * IEEE 754 half precision: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. A half tensor holds the raw bits in
 * a Uint16Array.
 */

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Every half as a float32: 256 KiB once, instead of a branch per element. */
let table: Float32Array | undefined;

function halfTable(): Float32Array {
  if (table) return table;
  const floats = new Float32Array(65536);
  const bits = new Uint32Array(floats.buffer);
  for (let half = 0; half < 65536; half += 1) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) floats[half] = (half & 0x8000 ? -1 : 1) * fraction * 2 ** -24;
    else if (exponent === 31) bits[half] = sign | 0x7f800000 | (fraction << 13);
    else bits[half] = sign | ((exponent + 112) << 23) | (fraction << 13);
  }
  table = floats;
  return floats;
}

/** Exact: every half is a float32. */
export function widenHalf(halves: Uint16Array): Float32Array {
  const floats = halfTable();
  const widened = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) widened[i] = floats[halves[i]!]!;
  return widened;
}

/** Rounds to nearest, ties to even; what exceeds 65,504 becomes infinite. */
export function narrowToHalf(floats: Float32Array): Uint16Array {
  const halves = new Uint16Array(floats.length);
  for (let i = 0; i < floats.length; i += 1) halves[i] = halfOf(floats[i]!);
  return halves;
}

function halfOf(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65,520 and more round to infinity
  if (magnitude < 0x38800000) {
    // Below 2^-14 a half counts steps of 2^-24; adding 0.5 lets the float unit round to a multiple of 2^-24.
    scratch[0] = Math.abs(value) + 0.5;
    return sign | (scratchBits[0]! - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}
