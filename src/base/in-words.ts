/** Quantities as reasons and messages tell them. */

/** Decimal, as filter limits are written: 3200000 as `3.20 MB`. */
export function bytesInWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1000;
  return unit === 0 ? (value === 1 ? '1 byte' : `${value} bytes`) : `${threeDigits(value)} ${units[unit]}`;
}

export function msInWords(seconds: number): string {
  return `${threeDigits(seconds * 1000)} ms`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
