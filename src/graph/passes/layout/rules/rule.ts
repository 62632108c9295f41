import type { Node } from '../../../graph.ts';
import type { Sweep } from '../sweep.ts';

/**
 * Lets the Transposes before a node move behind it: adds the node, working in the order in which its operands are held.
 * False, with nothing added, where that cannot be.
 */
export type LayoutRule = (node: Node, sweep: Sweep) => boolean;

/** Where the axis of the old tensor is in the tensor that holds it. */
export function axisIn(order: readonly number[], axis: number): number {
  return order[axis < 0 ? axis + order.length : axis]!;
}

export function isValidAxis(axis: number, rank: number): boolean {
  return Number.isInteger(axis) && axis >= -rank && axis < rank;
}
