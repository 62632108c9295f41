import type { Shape } from '../../../tensor/region.ts';
import { type Order, permuted } from './permutation.ts';

/**
 * How the new graph holds a tensor of the old one:
 *
 *     old = Transpose(tensor as `axes`, order)        and, where `flat`, its axes from the second on made one
 *
 * `flat` is what Flatten leaves: [N, H W C] in the old graph, [N, C H W] in the new one, with `axes` [N, C, H, W].
 */
export interface Layout {
  readonly tensor: string;
  readonly axes: Shape;
  readonly order: Order;
  readonly flat: boolean;
}

export function sameLayout(a: Layout, b: Layout): boolean {
  return (
    a.flat === b.flat && String(a.order) === String(b.order) && (!a.flat || String(a.axes) === String(b.axes))
  );
}

/** The old shape before it was flattened. */
export function spread(layout: Layout): number[] {
  return permuted(layout.axes, layout.order);
}
