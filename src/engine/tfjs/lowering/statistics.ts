import { axisOf, numberOf, numbersOf } from '../../../graph/attributes.ts';
import { sizeOf } from '../../../tensor/region.ts';
import type { TensorId } from '../program.ts';
import { perChannel } from './normalization.ts';
import { reduce } from './reduction.ts';
import { layoutOf, type NodeView, need, output, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { lastAxis, needFloat, type Value } from './value.ts';

interface Centred {
  readonly mean: TensorId;
  readonly difference: TensorId;
  readonly variance: TensorId;
}

/** Mean and variance over these axes, which stay with an extent of 1. */
function centred({ emit }: NodeView, x: TensorId, axes: readonly number[]): Centred {
  const over = { axes, kept: true };
  const mean = reduce(emit, 'Mean', x, over);
  const difference = emit.emit('Sub', { a: x, b: mean });
  const squares = emit.emit('Multiply', { a: difference, b: difference });
  return { mean, difference, variance: reduce(emit, 'Mean', squares, over) };
}

function inverse({ emit }: NodeView, variance: TensorId, epsilon: number): TensorId {
  return emit.emit('Rsqrt', { x: emit.emit('Add', { a: variance, b: emit.scalar(epsilon) }) });
}

function scaled({ emit }: NodeView, x: TensorId, factor: TensorId, shift?: TensorId): TensorId {
  const product = emit.emit('Multiply', { a: x, b: factor });
  return shift === undefined ? product : emit.emit('Add', { a: product, b: shift });
}

const instance: Rule = (view) => {
  const [value, scale, bias] = [need(view, 0), need(view, 1), need(view, 2)];
  needFloat(value, scale, bias);
  const rank = value.type.shape.length;
  const layout = layoutOf(value);
  const spatial = value.type.shape.slice(2).map((_, at) => at + (layout === 'last' ? 1 : 2));
  const { difference, variance } = centred(view, view.emit.get(value, layout), spatial);
  const root = inverse(view, variance, numberOf(view.node, 'epsilon', 1e-5));
  const whole = scaled(view, difference, root);
  const [factor, shift] = [scale, bias].map((each) => perChannel(view, each, rank, layout));
  return [output(view, scaled(view, whole, factor!, shift!), layout)];
};

/** Scale and bias have one element per group before operator set 21, and one per channel since. */
const group: Rule = (view) => {
  const { emit, node, opset } = view;
  const [value, scale, bias] = [need(view, 0), need(view, 1), need(view, 2)];
  needFloat(value, scale, bias);
  const { shape } = value.type;
  const groups = numberOf(node, 'num_groups', 1);
  const apart = [shape[0]!, groups, sizeOf(shape.slice(1)) / groups];
  const { difference, variance } = centred(view, emit.reshape(emit.first(value), apart), [2]);
  const whole = scaled(view, difference, inverse(view, variance, numberOf(node, 'epsilon', 1e-5)));
  if (opset < 21) {
    const [factor, shift] = [scale, bias].map((each) => emit.reshape(emit.first(each), [groups, 1]));
    return [output(view, emit.reshape(scaled(view, whole, factor!, shift!), shape))];
  }
  const [factor, shift] = [scale, bias].map((each) => perChannel(view, each, shape.length, 'first'));
  return [output(view, scaled(view, emit.reshape(whole, shape), factor!, shift!))];
};

/** Also gives the mean and the inverse deviation, where they are asked for. */
const layer: Rule = (view) => {
  const { emit, node } = view;
  const [value, scale] = [need(view, 0), need(view, 1)];
  const bias = view.inputs[2];
  needFloat(value, scale, ...(bias ? [bias] : []));
  if (numberOf(node, 'stash_type', 1) !== 1) throw new Unsupported('its statistics are not of float32');
  const { shape } = value.type;
  const axis = axisOf(numberOf(node, 'axis', -1), shape.length);
  const axes = shape.flatMap((_, at) => (at < axis ? [] : [at]));
  const { mean, difference, variance } = centred(view, emit.first(value), axes);
  const root = inverse(view, variance, numberOf(node, 'epsilon', 1e-5));
  const whole = scaled(view, difference, root);
  const made = scaled(view, whole, emit.first(scale), bias && emit.first(bias));
  const statistic = (id: TensorId): Value => ({
    type: { dtype: 'float32', shape: shape.map((extent, at) => (at < axis ? extent : 1)) },
    forms: { first: id },
  });
  return [output(view, made), statistic(mean), statistic(root)];
};

/** (x - mean) / (deviation + 1e-9), as the standard's function has it. */
const meanVariance: Rule = (view) => {
  const { emit, node } = view;
  const value = need(view, 0);
  needFloat(value);
  const rank = value.type.shape.length;
  const layout = layoutOf(value);
  const named = (numbersOf(node, 'axes') ?? [0, 2, 3]).map((axis) => axisOf(axis, rank));
  const axes = named.map((axis) => (layout === 'last' ? lastAxis(axis, rank) : axis)).sort((a, b) => a - b);
  const { difference, variance } = centred(view, emit.get(value, layout), axes);
  const deviation = emit.emit('Add', { a: emit.emit('Sqrt', { x: variance }), b: emit.scalar(1e-9) });
  return [output(view, emit.emit('RealDiv', { a: difference, b: deviation }), layout)];
};

/** x / (sum of |x|, or root of the sum of squares, along the axis); nothing stays nothing. */
const lp: Rule = (view) => {
  const { emit, node } = view;
  const value = need(view, 0);
  needFloat(value);
  const rank = value.type.shape.length;
  const layout = layoutOf(value);
  const axis = axisOf(numberOf(node, 'axis', -1), rank);
  const over = { axes: [layout === 'last' ? lastAxis(axis, rank) : axis], kept: true };
  const x = emit.get(value, layout);
  const square = numberOf(node, 'p', 2) === 2;
  const sizes = square ? emit.emit('Multiply', { a: x, b: x }) : emit.emit('Abs', { x });
  const sum = reduce(emit, 'Sum', sizes, over);
  const norm = square ? emit.emit('Sqrt', { x: sum }) : sum;
  const least = emit.emit('Maximum', { a: norm, b: emit.scalar(1.1754943508222875e-38) });
  return [output(view, emit.emit('RealDiv', { a: x, b: least }), layout)];
};

export const STATISTICS: Rules = {
  InstanceNormalization: instance,
  GroupNormalization: group,
  LayerNormalization: layer,
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lp,
};
