/** Numbers for people. */

/** Three significant digits: `0.42`, `3.66`, `12.4`, `128`. */
export function figure(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
}

/** From milliseconds: `12.4 ms`, `2.16 s`. */
export function timeText(ms: number): string {
  return ms < 1000 ? `${figure(ms)} ms` : `${figure(ms / 1000)} s`;
}

export function megabytes(bytes: number): string {
  return `${figure(bytes / 1e6)} MB`;
}

/** `15.5 G`. */
export function largeNumber(value: number): string {
  const units: [number, string][] = [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ];
  const [scale, unit] = units.find(([least]) => value >= least) ?? [1, ''];
  return `${figure(value / scale)}${unit}`;
}

/** A ratio: `2.85×`. */
export function times(value: number): string {
  return `${Number.isInteger(value) ? value : figure(value)}×`;
}

/** A power of two on an axis: `4×`, `1/4×`. */
export function doublingText(value: number): string {
  return value >= 1 ? `${value}×` : `1/${Math.round(1 / value)}×`;
}
