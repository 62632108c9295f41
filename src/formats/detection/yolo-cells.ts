import type { Extent } from '../pictures/placement.ts';

type Four = readonly [a: number, b: number, c: number, d: number];
export type DecodeCell = (raw: Four) => Four;

/**
 * Of the cells of one grid after the other, row by row (YOLOX, as it exports without its own decoding):
 *
 *     cx = (column + tx) * stride    cy = (row + ty) * stride    w = exp(tw) * stride    h = exp(th) * stride
 */
export function cellsOf(strides: readonly number[], input: Extent): (box: number) => DecodeCell {
  const cells = strides.flatMap((stride) => {
    const [columns, rows] = [Math.floor(input.width / stride), Math.floor(input.height / stride)];
    return Array.from(
      { length: columns * rows },
      (_, cell) => [cell % columns, Math.floor(cell / columns), stride] as const,
    );
  });
  return (box) => {
    const [column, row, stride] = cells[box]!;
    return ([x, y, w, h]) => [
      (column + x) * stride,
      (row + y) * stride,
      Math.exp(w) * stride,
      Math.exp(h) * stride,
    ];
  };
}
