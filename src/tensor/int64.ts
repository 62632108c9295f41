const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/** A number as int64; what is out of range, such as the rounded INT64_MAX that stands for "to the end", is clamped. */
export function toInt64(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= 2 ** 63) return MOST;
  if (value < -(2 ** 63)) return LEAST;
  return BigInt(Math.trunc(value));
}
