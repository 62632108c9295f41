import { numberOf } from '../../../graph/attributes.ts';
import { castTarget } from '../../../graph/operators/constants.ts';
import { sizeOf } from '../../../tensor/region.ts';
import { Tensor } from '../../../tensor/tensor.ts';
import type { TensorId } from '../program.ts';
import { aligned } from './broadcast.ts';
import type { Emitter } from './emitter.ts';
import { layoutOf, type NodeView, need, output, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { deviceType, needFloat, type Value } from './value.ts';

/** One float operand, element by element, in whatever layout it is. */
export function unary(compute: (emit: Emitter, x: TensorId, view: NodeView) => TensorId): Rule {
  return (view) => {
    const value = need(view, 0);
    needFloat(value);
    const layout = layoutOf(value);
    return [output(view, compute(view.emit, view.emit.get(value, layout), view), layout)];
  };
}

export const kernel = (name: string, attrs: Readonly<Record<string, unknown>> = {}): Rule =>
  unary((emit, x) => emit.emit(name, { x }, attrs));

function binary(name: string, integers: boolean): Rule {
  return (view) => {
    const values = [need(view, 0), need(view, 1)];
    checkArithmetic(view, values, integers);
    const { ids, layout } = aligned(view, values);
    return [output(view, view.emit.emit(name, { a: ids[0]!, b: ids[1]! }), layout)];
  };
}

/** Smaller integers would have to wrap between two operators. */
function checkArithmetic({ node }: NodeView, values: readonly Value[], integers: boolean): void {
  for (const { type } of values) {
    if (type.dtype === 'float32' || (integers && type.dtype === 'int32')) continue;
    throw new Unsupported(`${node.op} of ${type.dtype} is not computed`);
  }
}

/** Any number of operands; `integers` where they may be int32. */
function variadic(name: string, integers: boolean, mean = false): Rule {
  return (view) => {
    const { emit } = view;
    const values = view.inputs.map((_, at) => need(view, at));
    checkArithmetic(view, values, integers);
    if (values.length === 1) return values;
    const { ids, layout } = aligned(view, values);
    const all = ids.reduce((a, b) => emit.emit(name, { a, b }));
    const id = mean ? emit.emit('Multiply', { a: all, b: emit.scalar(1 / values.length) }) : all;
    return [output(view, id, layout)];
  };
}

/** max(lowest, min(x, highest)), which gives the highest where the two are crossed, is the wrong way round for ONNX. */
function clamp(emit: Emitter, x: TensorId, lowest?: TensorId, highest?: TensorId): TensorId {
  const above = lowest === undefined ? x : emit.emit('Maximum', { a: x, b: lowest });
  return highest === undefined ? above : emit.emit('Minimum', { a: above, b: highest });
}

/** Bounds are attributes up to operator set 10, and inputs since. */
const clip: Rule = (view) => {
  const { emit, node } = view;
  const value = need(view, 0);
  const dtype = deviceType(value.type.dtype);
  const layout = layoutOf(value);
  const bound = (at: number, name: string): TensorId | undefined => {
    const input = view.inputs[at];
    if (input) return emit.reshape(emit.first(input), []);
    return node.attributes[name] ? emit.scalar(numberOf(node, name, 0), dtype) : undefined;
  };
  const id = clamp(emit, emit.get(value, layout), bound(1, 'min'), bound(2, 'max'));
  return [output(view, id, layout)];
};

const prelu: Rule = (view) => {
  const [value, slope] = [need(view, 0), need(view, 1)];
  needFloat(value, slope);
  const { emit } = view;
  const { ids, layout } = aligned(view, [value, slope]);
  const [x, alpha] = ids as [TensorId, TensorId];
  const negative = emit.emit('Minimum', { a: x, b: emit.scalar(0) });
  const scaled = emit.emit('Multiply', { a: negative, b: alpha });
  return [output(view, emit.emit('Add', { a: emit.emit('Relu', { x }), b: scaled }), layout)];
};

export function hardSigmoid(emit: Emitter, x: TensorId, alpha: number, beta: number): TensorId {
  const scaled = emit.emit('Multiply', { a: x, b: emit.scalar(alpha) });
  const moved = emit.emit('Add', { a: scaled, b: emit.scalar(beta) });
  return clamp(emit, moved, emit.scalar(0), emit.scalar(1));
}

const identity: Rule = (view) => [need(view, 0)];

/** The mask is all true: nothing is dropped in inference. */
const dropout: Rule = (view) => {
  const [{ shape }, mask] = [view.outputs[0]!, view.outputs[1]];
  const training = view.inputs[2] && Number(view.context.constant(2)?.data[0] ?? 1) !== 0;
  if (training) throw new Unsupported('it is not in inference');
  if (!mask) return [need(view, 0)];
  const all = Tensor.of('bool', shape, new Uint8Array(sizeOf(shape)).fill(1));
  if (mask.dtype !== 'bool') throw new Unsupported(`its mask is of ${mask.dtype}`);
  return [need(view, 0), { type: mask, constant: all, forms: {} }];
};

const INTEGERS = ['int32', 'int16', 'uint16', 'int8', 'uint8'];

/** Integers of the device are 32 bits wide; the smaller ones wrap when they leave it. */
const cast: Rule = (view) => {
  const value = need(view, 0);
  const from = value.type.dtype;
  const to = view.node.op === 'CastLike' ? view.outputs[0]!.dtype : castTarget(view.context);
  if (!to) throw new Unsupported('its target type is not held');
  if (from === to) return [value];
  const layout = layoutOf(value);
  const fits = from === 'bool' || INTEGERS.includes(from) || from === 'float32';
  if (!fits || !['float32', 'bool', 'int32'].includes(to))
    throw new Unsupported(`${from} is not cast to ${to}`);
  const x = view.emit.get(value, layout);
  const zero = () => view.emit.scalar(0, deviceType(from));
  const id =
    to === 'bool'
      ? view.emit.emit('NotEqual', { a: x, b: zero() })
      : view.emit.emit('Cast', { x }, { dtype: to });
  return [output(view, id, layout)];
};

/** The remainder with the sign of the dividend; the kernel's has that of the divisor. */
const mod: Rule = (view) => {
  const { emit, node } = view;
  const values = [need(view, 0), need(view, 1)];
  needFloat(...values);
  if (numberOf(node, 'fmod', 0) === 0) throw new Unsupported('its remainder is that of integers');
  const { ids, layout } = aligned(view, values);
  const [a, b] = ids.map((x) => emit.emit('Abs', { x })) as [TensorId, TensorId];
  const sign = emit.emit('Sign', { x: ids[0]! });
  return [output(view, emit.emit('Multiply', { a: emit.emit('Mod', { a, b }), b: sign }), layout)];
};

export const ELEMENTWISE: Rules = {
  Neg: kernel('Neg'),
  Abs: kernel('Abs'),
  Exp: kernel('Exp'),
  Log: kernel('Log'),
  Sqrt: kernel('Sqrt'),
  Floor: kernel('Floor'),
  Ceil: kernel('Ceil'),
  Round: kernel('Round'),
  Sign: kernel('Sign'),
  Sin: kernel('Sin'),
  Cos: kernel('Cos'),
  Tan: kernel('Tan'),
  Asin: kernel('Asin'),
  Acos: kernel('Acos'),
  Atan: kernel('Atan'),
  Sinh: kernel('Sinh'),
  Cosh: kernel('Cosh'),
  Asinh: kernel('Asinh'),
  Acosh: kernel('Acosh'),
  Atanh: kernel('Atanh'),
  Erf: kernel('Erf'),
  Reciprocal: kernel('Reciprocal'),
  Clip: clip,
  PRelu: prelu,
  Identity: identity,
  Dropout: dropout,
  Cast: cast,
  CastLike: cast,
  Add: binary('Add', true),
  Sub: binary('Sub', true),
  Mul: binary('Multiply', true),
  Div: binary('RealDiv', false),
  Pow: binary('Pow', false),
  Mod: mod,
  Sum: variadic('Add', false),
  Max: variadic('Maximum', true),
  Min: variadic('Minimum', true),
  Mean: variadic('Add', false, true),
};
