import { axisOf, numberOf } from '../attributes.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { MATMUL } from './matmul.ts';
import { POOLING } from './pooling.ts';
import { integerForm, typeOfInput } from './quantization.ts';
import {
  checkedAxis,
  hasInput,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  type OperatorSpec,
  shapeError,
  shapeText,
} from './spec.ts';

/** The domain of what onnxruntime knows beyond the standard. */
export const MICROSOFT = 'com.microsoft';

/**
 * Operators that onnxruntime's quantiser writes beside those of the standard. Each input of elements is followed by its scale
 * and its zero point, and so is the output's. Documented in onnxruntime's ContribOperators.md.
 */
const UNARY = ['QLinearLeakyRelu', 'QLinearSigmoid', 'QLinearSoftmax'];

const family = (names: readonly string[], spec: OperatorSpec): OperatorFamily =>
  Object.fromEntries(names.map((name) => [`${MICROSOFT}.${name}`, spec]));

/** Feature maps with the channels last have other axes than we cut. */
const channelsFirst = (spec: OperatorSpec): OperatorSpec => ({
  ...spec,
  infer: (context) => (numberOf(context.node, 'channels_last', 0) === 0 ? spec.infer(context) : [undefined]),
});

/** Without an output scale the result is not quantised. */
function typeOfGemm(context: OperatorContext) {
  return hasInput(context, 8) ? needInput(context, 8).dtype : 'float32';
}

/** The output's scale and zero point, and then three inputs for each operand. */
function inferConcat(context: OperatorContext) {
  const { node, inputs } = context;
  const parts = inputs.flatMap((_, at) => (at % 3 === 2 ? [needInput(context, at)] : []));
  const [first] = parts;
  if (!first) throw shapeError(node, 'there is nothing to be joined');
  const axis = checkedAxis(context, numberOf(node, 'axis', 1), first.shape.length);
  let extent = 0;
  for (const { shape } of parts) {
    const fits = shape.length === first.shape.length;
    if (!fits || shape.some((each, at) => at !== axis && each !== first.shape[at])) {
      throw shapeError(node, `${shapeText(first.shape)} and ${shapeText(shape)} along axis ${axis}`);
    }
    extent += shape[axis]!;
  }
  return [{ dtype: first.dtype, shape: first.shape.with(axisOf(axis, first.shape.length), extent) }];
}

export const QLINEAR: OperatorFamily = {
  ...family(UNARY, integerForm(ELEMENTWISE['Relu']!, [0], typeOfInput(0))),
  ...family(['QLinearAdd', 'QLinearMul'], integerForm(ELEMENTWISE['Add']!, [0, 3], typeOfInput(0))),
  ...family(['QLinearAveragePool'], channelsFirst(integerForm(POOLING['AveragePool']!, [0], typeOfInput(0)))),
  ...family(
    ['QLinearGlobalAveragePool'],
    channelsFirst(integerForm(POOLING['GlobalAveragePool']!, [0], typeOfInput(0))),
  ),
  ...family(['QGemm'], integerForm(MATMUL['Gemm']!, [0, 3, 6], typeOfGemm)),
  ...family(['QLinearConcat'], { infer: inferConcat }),
};
