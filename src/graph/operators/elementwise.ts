import { broadcastShape } from './broadcast.ts';
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
    return [{ dtype: first.dtype, shape: broadcastShape(context, [first.shape, second.shape]) }];
  },
};

const variadic: OperatorSpec = {
  infer(context) {
    const { dtype } = needInput(context, 0);
    const shapes = context.inputs.map((_, at) => needInput(context, at).shape);
    return [{ dtype, shape: broadcastShape(context, shapes) }];
  },
};

/** The slope is laid over the input, which keeps its shape. */
const prelu: OperatorSpec = {
  infer(context) {
    const input = needInput(context, 0);
    const slope = needInput(context, 1);
    const shape = broadcastShape(context, [input.shape, slope.shape]);
    if (shape.some((extent, axis) => extent !== input.shape[axis])) {
      throw shapeError(context.node, `the slope [${slope.shape}] is larger than the input [${input.shape}]`);
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

const mapped = (infer: OperatorSpec['infer']): OperatorSpec => ({ infer });
/** As another operator, but of booleans. */
const truth = ({ infer }: OperatorSpec): OperatorSpec => ({
  infer: (context) => infer(context).map((type) => type && { dtype: 'bool', shape: type.shape }),
});

/** The condition picks from the second input or the third. */
const where = mapped((context) => {
  const shapes = [0, 1, 2].map((at) => needInput(context, at).shape);
  return [{ dtype: needInput(context, 1).dtype, shape: broadcastShape(context, shapes) }];
});

const named = (names: readonly string[], spec: OperatorSpec): OperatorFamily =>
  Object.fromEntries(names.map((name) => [name, spec]));

/** One input, and each element of the output depends on the element in the same place. */
export const POINTWISE = [
  ...['Relu', 'LeakyRelu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Elu', 'Selu', 'Celu', 'Gelu'],
  ...['Mish', 'Swish', 'Softplus', 'Softsign', 'ThresholdedRelu', 'Shrink', 'Identity', 'Abs', 'Neg', 'Exp'],
  ...['Log', 'Sqrt', 'Reciprocal', 'Floor', 'Ceil', 'Round', 'Sign', 'Erf', 'Not'],
  ...['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'],
] as const;

/** Activations that engines fuse into the layer before them (onnxruntime: ConvActivationFusion). */
export const ACTIVATIONS: ReadonlySet<string> = new Set([
  ...['Clip', 'HardSigmoid', 'LeakyRelu', 'Relu', 'Sigmoid', 'Tanh'],
]);

/** Two inputs that broadcast. */
export const PAIRWISE = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod'] as const;
/** Two inputs that broadcast, and the answer is a truth value. */
export const COMPARING = [
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor'],
] as const;
/** Any number of inputs that broadcast. */
export const VARIADIC = ['Sum', 'Max', 'Min', 'Mean'] as const;
/** The output has the input's shape, but its elements depend on others, too. */
const SHAPE_KEEPING = ['Softmax', 'LogSoftmax', 'Hardmax', 'CumSum', 'Trilu'] as const;

export const ELEMENTWISE: OperatorFamily = {
  ...named(POINTWISE, unary),
  ...named(SHAPE_KEEPING, unary),
  ...named(PAIRWISE, binary),
  ...named(COMPARING, truth(binary)),
  ...named(['IsNaN', 'IsInf'], truth(unary)),
  ...named(VARIADIC, variadic),
  Clip: clip,
  PRelu: prelu,
  Where: where,
  Dropout: { infer: inferDropout },
};
