import { broadcastShape, oldBroadcastShape } from './broadcast.ts';
import {
  hasInput,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  type OperatorSpec,
  shapeError,
} from './spec.ts';

/** One output of the first input's type; further inputs are parameters (a slope, bounds). */
const unary: OperatorSpec = {
  infer: (context) => [needInput(context, 0)],
};

const binary: OperatorSpec = {
  infer(context) {
    const first = needInput(context, 0);
    const second = needInput(context, 1);
    const shape =
      context.opset < 7
        ? oldBroadcastShape(context, first.shape, second.shape)
        : broadcastShape(context, [first.shape, second.shape]);
    return [{ dtype: first.dtype, shape }];
  },
};

const variadic: OperatorSpec = {
  infer(context) {
    const { dtype } = needInput(context, 0);
    const shapes = context.inputs.map((_, at) => needInput(context, at).shape);
    return [{ dtype, shape: broadcastShape(context, shapes) }];
  },
};

/** The slope is laid over the input, which keeps its shape. Before operator set 7 it had one element per channel. */
const prelu: OperatorSpec = {
  infer(context) {
    const input = needInput(context, 0);
    const slope = needInput(context, 1);
    if (context.opset >= 7) {
      const shape = broadcastShape(context, [input.shape, slope.shape]);
      if (shape.some((extent, axis) => extent !== input.shape[axis])) {
        throw shapeError(
          context.node,
          `the slope [${slope.shape}] is larger than the input [${input.shape}]`,
        );
      }
    }
    return [input];
  },
};

/** In inference it passes its input on; the mask is of booleans since operator set 10, of the input's type before. */
function inferDropout(context: OperatorContext) {
  const input = needInput(context, 0);
  return [input, { dtype: context.opset >= 10 ? ('bool' as const) : input.dtype, shape: input.shape }];
}

/** Bounds must be scalars, or the output would not have the input's shape. */
const clip: OperatorSpec = {
  infer(context) {
    for (const at of [1, 2]) {
      const bound = hasInput(context, at) ? context.inputs[at] : undefined;
      if (bound?.shape.some((extent) => extent !== 1)) {
        throw shapeError(context.node, `a bound of the shape [${bound.shape}] is no scalar`);
      }
    }
    return [needInput(context, 0)];
  },
};

export const ELEMENTWISE: OperatorFamily = {
  Relu: unary,
  LeakyRelu: unary,
  Sigmoid: unary,
  HardSigmoid: unary,
  HardSwish: unary,
  Tanh: unary,
  Elu: unary,
  Identity: unary,
  Clip: clip,
  PRelu: prelu,
  Dropout: { infer: inferDropout },
  Abs: unary,
  Ceil: unary,
  Celu: unary,
  Cos: unary,
  Erf: unary,
  Exp: unary,
  Floor: unary,
  Log: unary,
  Mish: unary,
  Neg: unary,
  Reciprocal: unary,
  Round: unary,
  Selu: unary,
  Sign: unary,
  Sin: unary,
  Softplus: unary,
  Softsign: unary,
  Sqrt: unary,
  ThresholdedRelu: unary,
  Softmax: unary,
  LogSoftmax: unary,
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Pow: binary,
  Max: variadic,
  Min: variadic,
  Sum: variadic,
};
