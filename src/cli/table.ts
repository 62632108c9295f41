export type Alignment = 'left' | 'right';

export interface Column {
  readonly title: string;
  /** Default: left. */
  readonly align?: Alignment;
}

/** Aligned columns, two spaces apart. `head` may paint the line of titles. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  head: (line: string) => string = (line) => line,
): string {
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) =>
        columns[at]!.align === 'right' ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!),
      )
      .join('  ')
      .trimEnd();
  return [head(line(columns.map(({ title }) => title))), ...rows.map(line)].join('\n');
}

/** 1536 as `1.5 KiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** 15470264320 as `15.5 G`. */
export function countText(count: number): string {
  const units = ['', ' k', ' M', ' G', ' T'];
  let value = count;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)}${units[unit]}`;
}

export function msText(ms: number): string {
  return ms.toFixed(ms < 10 ? 2 : 1);
}

export function shapeText(shape: readonly number[]): string {
  return shape.join('x');
}
