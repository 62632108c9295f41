import type { Shape } from '../../../tensor/region.ts';

/** The order of a Transpose: axis `at` of the result is axis `order[at]` of the source. */
export type Order = readonly number[];

export function isInOrder(order: Order): boolean {
  return order.every((axis, at) => axis === at);
}

/** Two transpositions, `first` and then `second`, as one. */
export function composed(first: Order, second: Order): Order {
  return second.map((axis) => first[axis]!);
}

export function inverse(order: Order): Order {
  const back = new Array<number>(order.length);
  order.forEach((axis, at) => {
    back[axis] = at;
  });
  return back;
}

export function permuted<T>(values: readonly T[], order: Order): T[] {
  return order.map((axis) => values[axis]!);
}

/** True where a source of this shape keeps the order of its elements: only axes of one element change places. */
export function keepsElements(order: Order, source: Shape): boolean {
  const moved = order.filter((axis) => source[axis] !== 1);
  return moved.every((axis, at) => at === 0 || axis > moved[at - 1]!);
}

/** The order that is left when only `axes` of the result stay, counted anew. */
export function restricted(order: Order, axes: readonly number[]): Order {
  const left = axes.map((at) => order[at]!);
  const sorted = [...left].sort((a, b) => a - b);
  return left.map((axis) => sorted.indexOf(axis));
}
