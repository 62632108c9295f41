import { sizeOf } from '../../../../tensor/region.ts';
import { type Layout, sameLayout } from '../layout.ts';
import type { LayoutRule } from './rule.ts';

/** One operand that counts; whatever else the node reads is a scalar. */
export const unary: LayoutRule = (node, sweep) => {
  const [input = '', ...scalars] = node.inputs;
  const held = sweep.moved(input);
  if (!held || node.outputs.slice(1).some((name) => name !== '')) return false;
  if (scalars.some((name) => name !== '' && sizeOf(sweep.shape(name) ?? [0]) !== 1)) return false;
  const inputs = [held.tensor, ...scalars.map((name) => (name === '' ? '' : sweep.restore(name)))];
  if (held.flat) sweep.addFlat(node, inputs, held);
  else sweep.add(node, inputs, [held]);
  return true;
};

/** Operands that broadcast to one another. */
export const broadcast: LayoutRule = (node, sweep) => {
  const shape = sweep.shape(node.outputs[0]!);
  if (!shape) return false;
  const held = node.inputs.map((name) => sweep.moved(name)).filter((layout) => layout !== undefined);
  const whole = node.inputs.filter((name) => String(sweep.shape(name)) === String(shape));
  const like =
    whole.map((name) => sweep.moved(name)).find((layout) => layout !== undefined) ??
    held.find((layout) => layout.order.length === shape.length && alone(layout, held));
  if (!like || (like.flat ? whole.length === 0 : like.order.length !== shape.length)) return false;
  const inputs: string[] = [];
  for (const name of node.inputs) {
    const operand = sweep.aligned(name, like, shape);
    if (operand === undefined) return false;
    inputs.push(operand);
  }
  if (like.flat) sweep.addFlat(node, inputs, like);
  else sweep.add(node, inputs, [like]);
  return true;
};

function alone(layout: Layout, all: readonly Layout[]): boolean {
  return all.every((other) => sameLayout(layout, other));
}

/** Parameters lie along axis 1, so that axis must be where it was; columns of a flattened tensor take theirs along. */
export const normalization: LayoutRule = (node, sweep) => {
  const held = sweep.moved(node.inputs[0]!);
  if (!held || node.outputs.slice(1).some((name) => name !== '')) return false;
  const parameters = node.inputs.slice(1);
  if (!held.flat) {
    if (held.order[1] !== 1) return false;
    sweep.add(node, [held.tensor, ...parameters.map((name) => sweep.restore(name))], [held]);
    return true;
  }
  const moved: string[] = [];
  for (const name of parameters) {
    const tensor = sweep.constant(name);
    if (!tensor) return false;
    moved.push(sweep.constants.regrouped(name, tensor, 1, held));
  }
  sweep.addFlat(node, [held.tensor, ...moved], held);
  return true;
};
