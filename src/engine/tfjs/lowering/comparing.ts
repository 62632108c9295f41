import { numberOf } from '../../../graph/attributes.ts';
import type { TensorId } from '../program.ts';
import { aligned } from './broadcast.ts';
import type { Emitter } from './emitter.ts';
import { layoutOf, type NodeView, need, output, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { deviceType, type Layout, lastShape, needFloat, type Value } from './value.ts';

/** The kernels compare numbers. */
function numeric(emit: Emitter, { type }: Value, x: TensorId): TensorId {
  return type.dtype === 'bool' ? emit.emit('Cast', { x }, { dtype: 'int32' }) : x;
}

function compared(name: string): Rule {
  return (view) => {
    const values = [need(view, 0), need(view, 1)];
    for (const { type } of values) deviceType(type.dtype);
    const { ids, layout } = aligned(view, values);
    const [a, b] = ids.map((id, at) => numeric(view.emit, values[at]!, id)) as [TensorId, TensorId];
    return [output(view, view.emit.emit(name, { a, b }), layout)];
  };
}

function needTruth(...values: readonly Value[]): void {
  for (const { type } of values) {
    if (type.dtype !== 'bool') throw new Unsupported(`it takes bool, not ${type.dtype}`);
  }
}

function logical(compute: (emit: Emitter, a: TensorId, b: TensorId) => TensorId): Rule {
  return (view) => {
    const values = [need(view, 0), need(view, 1)];
    needTruth(...values);
    const { ids, layout } = aligned(view, values);
    return [output(view, compute(view.emit, ids[0]!, ids[1]!), layout)];
  };
}

const differ = (emit: Emitter, a: TensorId, b: TensorId): TensorId => {
  const number = (x: TensorId) => emit.emit('Cast', { x }, { dtype: 'int32' });
  return emit.emit('NotEqual', { a: number(a), b: number(b) });
};

/** The kernel does not broadcast: each operand is repeated to the whole shape. */
function whole({ emit, outputs }: NodeView, value: Value, x: TensorId, layout: Layout): TensorId {
  const rank = outputs[0]!.shape.length;
  const ordered = (shape: readonly number[]) => (layout === 'last' ? lastShape(shape) : [...shape]);
  const filled = [...new Array<number>(rank - value.type.shape.length).fill(1), ...value.type.shape];
  const own = ordered(filled);
  const reps = ordered(outputs[0]!.shape).map((extent, axis) => extent / own[axis]!);
  return reps.every((times) => times === 1) ? x : emit.emit('Tile', { x }, { reps });
}

const where: Rule = (view) => {
  const values = [need(view, 0), need(view, 1), need(view, 2)];
  const [condition, chosen, other] = values as [Value, Value, Value];
  needTruth(condition);
  for (const { type } of [chosen, other]) deviceType(type.dtype);
  const { emit } = view;
  const { ids, layout } = aligned(view, values);
  const asNumber = emit.emit('Cast', { x: ids[0]! }, { dtype: 'int32' });
  const tiled = whole(view, condition, asNumber, layout);
  const inputs = {
    condition: emit.emit('NotEqual', { a: tiled, b: emit.scalar(0, 'int32') }),
    t: whole(view, chosen, numeric(emit, chosen, ids[1]!), layout),
    e: whole(view, other, numeric(emit, other, ids[2]!), layout),
  };
  const id = emit.emit('Select', inputs);
  const made =
    chosen.type.dtype === 'bool' ? emit.emit('NotEqual', { a: id, b: emit.scalar(0, 'int32') }) : id;
  return [output(view, made, layout)];
};

function tested(compute: (view: NodeView, x: TensorId) => TensorId): Rule {
  return (view) => {
    const value = need(view, 0);
    needFloat(value);
    const layout = layoutOf(value);
    return [output(view, compute(view, view.emit.get(value, layout)), layout)];
  };
}

const not: Rule = (view) => {
  const value = need(view, 0);
  needTruth(value);
  const layout = layoutOf(value);
  return [output(view, view.emit.emit('LogicalNot', { x: view.emit.get(value, layout) }), layout)];
};

/** Of one sign only, where the node leaves the other out. */
const isInfinite = tested(({ emit, node }, x) => {
  const [positive, negative] = ['detect_positive', 'detect_negative'].map(
    (name) => numberOf(node, name, 1) !== 0,
  );
  if (positive && negative) return emit.emit('IsInf', { x });
  const [side, bound] = positive ? ['Greater', 3.4028234663852886e38] : ['Less', -3.4028234663852886e38];
  if (positive || negative) return emit.emit(side as string, { a: x, b: emit.scalar(bound as number) });
  return emit.emit('NotEqual', { a: emit.emit('ZerosLike', { x }), b: emit.scalar(0) });
});

export const COMPARING: Rules = {
  Equal: compared('Equal'),
  Greater: compared('Greater'),
  GreaterOrEqual: compared('GreaterEqual'),
  Less: compared('Less'),
  LessOrEqual: compared('LessEqual'),
  And: logical((emit, a, b) => emit.emit('LogicalAnd', { a, b })),
  Or: logical((emit, a, b) => emit.emit('LogicalOr', { a, b })),
  Xor: logical(differ),
  Not: not,
  Where: where,
  IsNaN: tested(({ emit }, x) => emit.emit('IsNan', { x })),
  IsInf: isInfinite,
};
