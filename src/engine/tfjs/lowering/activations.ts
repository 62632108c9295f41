import { numberOf, stringOf } from '../../../graph/attributes.ts';
import type { TensorId } from '../program.ts';
import { hardSigmoid, kernel, unary } from './elementwise.ts';
import type { Emitter } from './emitter.ts';
import type { Rules } from './rule.ts';

const times = (emit: Emitter, a: TensorId, b: TensorId) => emit.emit('Multiply', { a, b });
const plus = (emit: Emitter, a: TensorId, b: TensorId) => emit.emit('Add', { a, b });
const below = (emit: Emitter, x: TensorId) => emit.emit('Minimum', { a: x, b: emit.scalar(0) });

/** alpha (e^(x / divisor) - 1) below 0, and x above; the kernel knows an alpha of 1 only. */
function exponential(emit: Emitter, x: TensorId, alpha: number, divisor: number): TensorId {
  const negative = below(emit, x);
  const stretched = divisor === 1 ? negative : times(emit, negative, emit.scalar(1 / divisor));
  const curve = times(emit, emit.emit('Elu', { x: stretched }), emit.scalar(alpha));
  return plus(emit, emit.emit('Relu', { x }), curve);
}

/** By the error function, or by its approximation with tanh: sqrt(2 / pi) (x + 0.044715 x^3). */
function gelu(emit: Emitter, x: TensorId, approximate: boolean): TensorId {
  const half = times(emit, x, emit.scalar(0.5));
  if (!approximate) {
    const erf = emit.emit('Erf', { x: times(emit, x, emit.scalar(Math.SQRT1_2)) });
    return times(emit, half, plus(emit, erf, emit.scalar(1)));
  }
  const cubed = times(emit, times(emit, x, x), times(emit, x, emit.scalar(0.044_715)));
  const inner = times(emit, plus(emit, x, cubed), emit.scalar(Math.sqrt(2 / Math.PI)));
  return times(emit, half, plus(emit, emit.emit('Tanh', { x: inner }), emit.scalar(1)));
}

/** `chosen` where the condition holds, else 0: a product would turn infinity into NaN. */
function only(emit: Emitter, condition: TensorId, chosen: TensorId): TensorId {
  const zeros = emit.emit('ZerosLike', { x: chosen });
  return emit.emit('Select', { condition, t: chosen, e: zeros });
}

export const ACTIVATIONS: Rules = {
  Relu: kernel('Relu'),
  Sigmoid: kernel('Sigmoid'),
  Tanh: kernel('Tanh'),
  Softplus: kernel('Softplus'),
  LeakyRelu: unary((emit, x, { node }) =>
    emit.emit('LeakyRelu', { x }, { alpha: numberOf(node, 'alpha', 0.01) }),
  ),
  Elu: unary((emit, x, { node }) => {
    const alpha = numberOf(node, 'alpha', 1);
    return alpha === 1 ? emit.emit('Elu', { x }) : exponential(emit, x, alpha, 1);
  }),
  Celu: unary((emit, x, { node }) => {
    const alpha = numberOf(node, 'alpha', 1);
    return exponential(emit, x, alpha, alpha);
  }),
  Selu: unary((emit, x, { node }) => {
    const alpha = numberOf(node, 'alpha', 1.673_263_192_176_818_8);
    const gamma = numberOf(node, 'gamma', 1.050_701_022_148_132_3);
    return times(emit, exponential(emit, x, alpha, 1), emit.scalar(gamma));
  }),
  HardSigmoid: unary((emit, x, { node }) =>
    hardSigmoid(emit, x, numberOf(node, 'alpha', 0.2), numberOf(node, 'beta', 0.5)),
  ),
  HardSwish: unary((emit, x) => times(emit, x, hardSigmoid(emit, x, 1 / 6, 0.5))),
  Swish: unary((emit, x, { node }) => {
    const alpha = numberOf(node, 'alpha', 1);
    const inner = alpha === 1 ? x : times(emit, x, emit.scalar(alpha));
    return times(emit, x, emit.emit('Sigmoid', { x: inner }));
  }),
  Mish: unary((emit, x) => times(emit, x, emit.emit('Tanh', { x: emit.emit('Softplus', { x }) }))),
  Softsign: unary((emit, x) => {
    const below = plus(emit, emit.emit('Abs', { x }), emit.scalar(1));
    return emit.emit('RealDiv', { a: x, b: below });
  }),
  ThresholdedRelu: unary((emit, x, { node }) => {
    const above = emit.emit('Greater', { a: x, b: emit.scalar(numberOf(node, 'alpha', 1)) });
    return only(emit, above, x);
  }),
  Shrink: unary((emit, x, { node }) => {
    const [lambd, bias] = [numberOf(node, 'lambd', 0.5), numberOf(node, 'bias', 0)];
    const high = emit.emit('Greater', { a: x, b: emit.scalar(lambd) });
    const low = emit.emit('Less', { a: x, b: emit.scalar(-lambd) });
    const lowered = only(emit, high, plus(emit, x, emit.scalar(-bias)));
    return plus(emit, lowered, only(emit, low, plus(emit, x, emit.scalar(bias))));
  }),
  Gelu: unary((emit, x, { node }) => gelu(emit, x, stringOf(node, 'approximate', 'none') === 'tanh')),
};
