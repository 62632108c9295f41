import { axisOf, numberOf } from '../../../attributes.ts';
import { restricted } from '../permutation.ts';
import { axisIn, isValidAxis, type LayoutRule } from './rule.ts';
import { ints, reducedAxes } from './slicing.ts';

/** The axes that a reduction drops leave the others in the order in which they are held. */
export const reduction: LayoutRule = (node, sweep) => {
  const held = sweep.moved(node.inputs[0]!);
  if (!held || held.flat) return false;
  const rank = held.order.length;
  const axes = reducedAxes(node, sweep, rank);
  if (!axes || axes.length === 0) return false;
  const kept = numberOf(node, 'keepdims', 1) !== 0;
  const left = held.order.map((_, axis) => axis).filter((axis) => kept || !axes.includes(axis));
  const moved = axes.map((axis) => axisIn(held.order, axis)).sort((a, b) => a - b);
  const like = { order: restricted(held.order, left), flat: false };
  if ((node.inputs[1] ?? '') !== '') {
    sweep.add(node, [held.tensor, sweep.constants.integers(`${node.name}/axes`, moved)], [like]);
  } else {
    sweep.add(node, [held.tensor], [like], { ...node.attributes, axes: ints(moved) });
  }
  return true;
};

/** ArgMax and ArgMin, which name one axis. */
export const argument: LayoutRule = (node, sweep) => {
  const held = sweep.moved(node.inputs[0]!);
  const axis = numberOf(node, 'axis', 0);
  if (!held || held.flat || !isValidAxis(axis, held.order.length) || !sweep.shape(node.outputs[0]!))
    return false;
  const kept = numberOf(node, 'keepdims', 1) !== 0;
  const rank = held.order.length;
  const left = held.order.map((_, at) => at).filter((at) => kept || at !== axisOf(axis, rank));
  const attributes = { ...node.attributes, axis: { type: 'int', value: axisIn(held.order, axis) } as const };
  sweep.add(node, [held.tensor], [{ order: restricted(held.order, left), flat: false }], attributes);
  return true;
};
