import { numbersOf } from '../../../attributes.ts';
import { composed, keepsElements, type Order } from '../permutation.ts';
import type { LayoutRule } from './rule.ts';

/** A Transpose is not done but noted. */
export const transposition: LayoutRule = (node, sweep) => {
  const [input = ''] = node.inputs;
  const held = sweep.layout(input);
  if (!held || held.flat) return false;
  const rank = held.axes.length;
  const named = numbersOf(node, 'perm')?.map((axis) => (axis < 0 ? axis + rank : axis));
  const order = named ?? held.axes.map((_, axis) => rank - 1 - axis);
  if (sweep.constant(input)) {
    const tensor = sweep.constants.transposed(input, order);
    const axes = order.map((axis) => held.axes[axis]!);
    sweep.hold(node.outputs[0]!, { tensor, axes, order: axes.map((_, axis) => axis), flat: false });
    return true;
  }
  sweep.hold(node.outputs[0]!, { ...held, order: composed(held.order, order) });
  return true;
};

/**
 * Reshape, Flatten, Squeeze, Unsqueeze of a transposed tensor. The Transpose vanishes where it moves axes of one element
 * alone, moves on where the reshaping only adds or drops such axes, and is noted as the order of columns where all axes
 * but the first become one.
 */
export const reshaping: LayoutRule = (node, sweep) => {
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const held = sweep.moved(input);
  const [from, to] = [sweep.shape(input), sweep.shape(output)];
  if (!held || held.flat || !from || !to) return false;
  if (keepsElements(held.order, held.axes)) {
    const tensor = sweep.reshaped(held.tensor, to, output);
    sweep.hold(output, { tensor, axes: to, order: to.map((_, axis) => axis), flat: false });
    return true;
  }
  const order = sameButOnes(from, to, held.order);
  if (order) {
    const axes = new Array<number>(to.length);
    order.forEach((axis, at) => {
      axes[axis] = to[at]!;
    });
    const tensor = sweep.reshaped(held.tensor, axes);
    sweep.hold(output, { tensor, axes, order, flat: false });
    return true;
  }
  if (to.length !== 2 || from.length < 2 || held.order[0] !== 0 || to[0] !== from[0]) return false;
  sweep.hold(output, { ...held, tensor: sweep.reshaped(held.tensor, to), flat: true });
  return true;
};

/** The order of the new axes where `to` is `from` with axes of one element more or fewer; undefined where it is not. */
function sameButOnes(from: readonly number[], to: readonly number[], order: Order): Order | undefined {
  const large = (shape: readonly number[]) => shape.map((_, at) => at).filter((at) => shape[at] !== 1);
  const [before, after] = [large(from), large(to)];
  if (before.length !== after.length || before.some((at, i) => from[at] !== to[after[i]!])) return undefined;
  // An axis of one element goes with the axis after it, so that what follows mostly needs a Reshape, no Transpose.
  const keys = to.map((_, at) => {
    const next = after.findIndex((place) => place >= at);
    return next < 0 ? order.length : order[before[next]!]!;
  });
  const sorted = keys.map((_, at) => at).sort((a, b) => keys[a]! - keys[b]! || a - b);
  return keys.map((_, at) => sorted.indexOf(at));
}
