/** IEEE 754 half-precision bits, as `float16` tensors hold them, to float32. Exact: every half is a float32. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  const bits = new Uint32Array(floats.buffer);
  for (let at = 0; at < halves.length; at += 1) {
    const half = halves[at]!;
    const sign = (half & 0x8000) << 16;
    const magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) bits[at] = sign | 0x7f800000 | ((magnitude & 0x3ff) << 13);
    else if (magnitude >= 0x0400) bits[at] = sign | ((magnitude << 13) + 0x38000000);
    else floats[at] = (sign === 0 ? 1 : -1) * magnitude * 2 ** -24;
  }
  return floats;
}

/**
 * float32 to IEEE 754 half-precision bits, rounded to the nearest half, of two equally near ones to the even.
 * From 65520 on the nearest is infinity; NaN stays NaN.
 */
export function float32ToFloat16(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  const scratch = new Float32Array(1);
  const scratchBits = new Uint32Array(scratch.buffer);
  for (let at = 0; at < floats.length; at += 1) {
    const sign = (bits[at]! >>> 16) & 0x8000;
    const magnitude = bits[at]! & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      halves[at] = sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
    } else if (magnitude >= 0x47800000) {
      halves[at] = sign | 0x7c00;
    } else if (magnitude >= 0x38800000) {
      // Half of the dropped part less one, plus the kept part's last bit: carries exactly where rounding goes up.
      halves[at] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    } else {
      // A subnormal half counts units of 2^-24, the distance of the float32 that follow 0.5: adding 0.5 rounds to it.
      scratch[0] = Math.abs(floats[at]!) + 0.5;
      halves[at] = sign | (scratchBits[0]! - 0x3f000000);
    }
  }
  return halves;
}
