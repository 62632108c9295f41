import { numberOf } from '../../../graph/attributes.ts';
import type { TensorId } from '../program.ts';
import { layoutOf, type NodeView, need, output, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { type Layout, needFloat, type Value } from './value.ts';

/** A parameter per channel, laid along the channels of a feature map in this layout. */
export function perChannel({ emit }: NodeView, value: Value, rank: number, layout: Layout): TensorId {
  const size = value.type.shape[0]!;
  if (layout === 'last') return emit.first(value);
  return emit.reshape(emit.first(value), [size, ...new Array<number>(Math.max(0, rank - 2)).fill(1)]);
}

const batchNormalization: Rule = (view) => {
  const { emit, node } = view;
  const value = need(view, 0);
  const parameters = [1, 2, 3, 4].map((at) => need(view, at));
  needFloat(value, ...parameters);
  if (numberOf(node, 'training_mode', 0) !== 0 || node.outputs.filter((name) => name !== '').length > 1) {
    throw new Unsupported('it is in training mode');
  }
  if (parameters.some(({ type }) => type.shape.length !== 1)) {
    throw new Unsupported('each activation has parameters of its own');
  }
  const rank = value.type.shape.length;
  const layout = layoutOf(value);
  const epsilon = numberOf(node, 'epsilon', 1e-5);
  const x = emit.get(value, layout);
  const [scale, bias, mean, variance] = parameters.map((each) => perChannel(view, each, rank, layout)) as [
    TensorId,
    TensorId,
    TensorId,
    TensorId,
  ];
  // small: one element per channel
  const root = emit.emit('Rsqrt', { x: emit.emit('Add', { a: variance, b: emit.scalar(epsilon) }) });
  const factor = emit.emit('Multiply', { a: scale, b: root });
  const shift = emit.emit('Sub', { a: bias, b: emit.emit('Multiply', { a: mean, b: factor }) });
  const id = emit.emit('Add', { a: emit.emit('Multiply', { a: x, b: factor }), b: shift });
  return [output(view, id, layout)];
};

/** x / (bias + alpha / size * sum of squares over `size` neighbouring channels) ^ beta */
const lrn: Rule = (view) => {
  const { emit, node } = view;
  const value = need(view, 0);
  needFloat(value);
  const size = numberOf(node, 'size', 1);
  if (size % 2 === 0) throw new Unsupported(`its size ${size} is even`);
  if (value.type.shape.length !== 4)
    throw new Unsupported(`it is over ${value.type.shape.length} dimensions`);
  const attrs = {
    depthRadius: (size - 1) / 2,
    bias: numberOf(node, 'bias', 1),
    alpha: numberOf(node, 'alpha', 1e-4) / size,
    beta: numberOf(node, 'beta', 0.75),
  };
  return [output(view, emit.emit('LRN', { x: emit.last(value) }, attrs), 'last')];
};

/** Along the last axis; before operator set 13 over all axes from `axis` on. */
function softmax(along: (view: NodeView, logits: TensorId, rank: number) => TensorId): Rule {
  return (view) => {
    const { emit, node, opset } = view;
    const value = need(view, 0);
    needFloat(value);
    const { shape } = value.type;
    const rank = shape.length;
    const named = numberOf(node, 'axis', opset >= 13 ? -1 : 1);
    const axis = named < 0 ? named + rank : named;
    const compute = (logits: TensorId) => along(view, logits, opset >= 13 ? rank : 2);
    if (opset >= 13 && layoutOf(value) === 'last' && axis === 1) {
      return [output(view, compute(emit.last(value)), 'last')];
    }
    const x = emit.first(value);
    if (opset >= 13 && axis < rank - 1) {
      const perm = Array.from({ length: rank }, (_, at) => at);
      [perm[axis], perm[rank - 1]] = [rank - 1, axis];
      const turned = compute(emit.emit('Transpose', { x }, { perm }));
      return [output(view, emit.emit('Transpose', { x: turned }, { perm }))];
    }
    const flat = opset >= 13 ? x : emit.reshape(x, matrix(shape, axis));
    return [output(view, emit.reshape(compute(flat), shape))];
  };
}

function matrix(shape: readonly number[], axis: number): number[] {
  const product = (part: readonly number[]) => part.reduce((size, extent) => size * extent, 1);
  return [product(shape.slice(0, axis)), product(shape.slice(axis))];
}

const logSoftmax = ({ emit }: NodeView, logits: TensorId, rank: number): TensorId => {
  const attrs = { keepDims: true };
  const most = emit.emit('Max', { x: logits }, { ...attrs, reductionIndices: [rank - 1] });
  const below = emit.emit('Sub', { a: logits, b: most });
  const sum = emit.emit('Sum', { x: emit.emit('Exp', { x: below }) }, { ...attrs, axis: [rank - 1] });
  return emit.emit('Sub', { a: below, b: emit.emit('Log', { x: sum }) });
};

export const NORMALIZATION: Rules = {
  BatchNormalization: batchNormalization,
  LRN: lrn,
  Softmax: softmax(({ emit }, logits, rank) => emit.emit('Softmax', { logits }, { dim: rank - 1 })),
  LogSoftmax: softmax(logSoftmax),
};
