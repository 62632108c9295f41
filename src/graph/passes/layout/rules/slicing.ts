import { axisOf, numberOf, numbersOf } from '../../../attributes.ts';
import type { Node } from '../../../graph.ts';
import type { Layout } from '../layout.ts';
import { restricted } from '../permutation.ts';
import type { Sweep } from '../sweep.ts';
import { axisIn, isValidAxis, type LayoutRule } from './rule.ts';

const int = (value: number) => ({ type: 'int', value }) as const;

function plainly(sweep: Sweep, name: string | undefined): Layout | undefined {
  const held = sweep.moved(name ?? '');
  return held?.flat ? undefined : held;
}

/** The integers of an input that are known; undefined where it is absent, `unknown` where only a run can tell. */
export function integers(sweep: Sweep, name: string | undefined): number[] | 'unknown' | undefined {
  if ((name ?? '') === '') return undefined;
  const tensor = sweep.constant(name!);
  return tensor && tensor.size <= 4096
    ? Array.from(tensor.data as ArrayLike<number | bigint>, Number)
    : 'unknown';
}

export const concatenation: LayoutRule = (node, sweep) => {
  const shape = sweep.shape(node.outputs[0]!);
  const like = node.inputs.map((name) => plainly(sweep, name)).find((held) => held !== undefined);
  const axis = numberOf(node, 'axis', 1);
  if (!shape || !like || !isValidAxis(axis, like.order.length)) return false;
  const inputs: string[] = [];
  for (const name of node.inputs) {
    const operand = operandOf(sweep, name, like);
    if (operand === undefined) return false;
    inputs.push(operand);
  }
  sweep.add(node, inputs, [like], { ...node.attributes, axis: int(axisIn(like.order, axis)) });
  return true;
};

/** An operand of a Concat in the order of `like`: unlike those of an elementwise operator it keeps its own extents. */
function operandOf(sweep: Sweep, name: string, like: Layout): string | undefined {
  const shape = sweep.shape(name);
  if (!shape) return undefined;
  const back = like.order.map((_, at) => like.order.indexOf(at));
  if (sweep.constant(name)) return sweep.constants.transposed(name, back);
  // A scalar's short cut would lose its axes; otherwise the operand is laid over its own shape.
  const held = sweep.moved(name);
  if (held && !held.flat && String(held.order) === String(like.order)) return held.tensor;
  return sweep.eager ? sweep.transposed(sweep.restore(name), shape, back) : undefined;
}

/** Pads as an input (operator set 11), for all axes or those that a fourth input names. */
export const padding: LayoutRule = (node, sweep) => {
  const [input = '', pads, value = '', axes] = node.inputs;
  const held = plainly(sweep, input);
  const amounts = integers(sweep, pads);
  const named = integers(sweep, axes);
  if (!held || sweep.opset < 11 || !Array.isArray(amounts) || named === 'unknown') return false;
  const rank = held.order.length;
  const of = named ?? held.order.map((_, axis) => axis);
  if (amounts.length !== 2 * of.length || !of.every((axis) => isValidAxis(axis, rank))) return false;
  const moved = new Array<number>(2 * rank).fill(0);
  of.forEach((axis, at) => {
    const to = axisIn(held.order, axis);
    moved[to] = amounts[at]!;
    moved[to + rank] = amounts[at + of.length]!;
  });
  const inputs = [held.tensor, sweep.constants.integers(`${pads}`, moved)];
  if (value !== '') inputs.push(sweep.restore(value));
  sweep.add(node, inputs, [held]);
  return true;
};

/** Starts, ends and axes are attributes before operator set 10, inputs since. */
export const slicing: LayoutRule = (node, sweep) => {
  const [input = '', starts = '', ends = '', axes, steps = ''] = node.inputs;
  const held = plainly(sweep, input);
  if (!held) return false;
  if (sweep.opset < 10) {
    const of = numbersOf(node, 'axes') ?? numbersOf(node, 'starts')?.map((_, axis) => axis);
    if (!of?.every((axis) => isValidAxis(axis, held.order.length))) return false;
    const moved = { axes: ints(of.map((axis) => axisIn(held.order, axis))) };
    sweep.add(node, [held.tensor], [held], { ...node.attributes, ...moved });
    return true;
  }
  const named = integers(sweep, axes);
  const count = sweep.shape(starts)?.[0];
  if (named === 'unknown' || count === undefined) return false;
  const of = named ?? Array.from({ length: count }, (_, axis) => axis);
  if (!of.every((axis) => isValidAxis(axis, held.order.length))) return false;
  const moved = sweep.constants.integers(
    `${node.name}/axes`,
    of.map((axis) => axisIn(held.order, axis)),
  );
  const inputs = [held.tensor, sweep.restore(starts), sweep.restore(ends), moved];
  if (steps !== '') inputs.push(sweep.restore(steps));
  sweep.add(node, inputs, [held]);
  return true;
};

/** Of a vector of indices, or of one index, whose axis then vanishes. */
export const gathering: LayoutRule = (node, sweep) => {
  const [input = '', indices = ''] = node.inputs;
  const held = plainly(sweep, input);
  const rank = sweep.shape(indices)?.length;
  const axis = numberOf(node, 'axis', 0);
  if (!held || sweep.moved(indices) || rank === undefined || rank > 1) return false;
  if (!isValidAxis(axis, held.order.length)) return false;
  const left = held.order
    .map((_, at) => at)
    .filter((at) => rank === 1 || at !== axisOf(axis, held.order.length));
  const like = { order: restricted(held.order, left), flat: false };
  const attributes = { ...node.attributes, axis: int(axisIn(held.order, axis)) };
  sweep.add(node, [held.tensor, sweep.restore(indices)], [like], attributes);
  return true;
};

/** Normalises along one axis. Before operator set 13 it did so along all from that axis on. */
export const softmax: LayoutRule = (node, sweep) => {
  const held = plainly(sweep, node.inputs[0]);
  const axis = numberOf(node, 'axis', -1);
  if (!held || sweep.opset < 13 || !isValidAxis(axis, held.order.length)) return false;
  sweep.add(node, [held.tensor], [held], { ...node.attributes, axis: int(axisIn(held.order, axis)) });
  return true;
};

export function ints(value: readonly number[]) {
  return { type: 'ints', value } as const;
}

/** The axes of a reduction, from the front; undefined where they are not known. None means all. */
export function reducedAxes(node: Node, sweep: Sweep, rank: number): number[] | undefined {
  const named = integers(sweep, node.inputs[1]) ?? numbersOf(node, 'axes') ?? [];
  if (named === 'unknown' || !named.every((axis) => isValidAxis(axis, rank))) return undefined;
  if (named.length > 0) return named.map((axis) => axisOf(axis, rank));
  return numberOf(node, 'noop_with_empty_axes', 0) === 0
    ? Array.from({ length: rank }, (_, axis) => axis)
    : [];
}
