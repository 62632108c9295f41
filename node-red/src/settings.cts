/** Editor fields arrive as texts, and in flows that people wrote as anything. */

export function text(value: unknown, usual = ''): string {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : usual;
}

/** A whole number of the range, or `usual`. */
export function whole(value: unknown, usual: number, min: number, max: number): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= min && (number as number) <= max
    ? (number as number)
    : usual;
}

export function seconds(value: unknown, usual: number): number {
  const number = Number(value);
  return value !== '' && value !== null && Number.isFinite(number) && number > 0 && number <= 86_400
    ? number
    : usual;
}

export function oneOf<const T extends string>(known: readonly T[], value: unknown, usual: T): T {
  return known.includes(value as T) ? (value as T) : usual;
}
