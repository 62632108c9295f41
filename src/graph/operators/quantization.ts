import type { DType } from '../../tensor/dtype.ts';
import { sizeOf } from '../../tensor/region.ts';
import { numberOf } from '../attributes.ts';
import { dtypeOf } from '../data-types.ts';
import { CONVOLUTION } from './convolution.ts';
import { MATMUL } from './matmul.ts';
import {
  checkedAxis,
  hasInput,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  type OperatorSpec,
  type OutputTypes,
  shapeError,
  shapeText,
} from './spec.ts';

/** A scale is one number, or one per element of `axis`, or (with `block_size`) one per block along it. */
function checkScale(context: OperatorContext): void {
  const { node } = context;
  const { shape } = needInput(context, 0);
  const scale = needInput(context, 1).shape;
  if (sizeOf(scale) === 1 || numberOf(node, 'block_size', 0) > 0) return;
  const axis = checkedAxis(context, numberOf(node, 'axis', 1), shape.length);
  if (scale.length !== 1 || scale[0] !== shape[axis]) {
    throw shapeError(node, `scales of ${shapeText(scale)} for ${shapeText(shape)} along axis ${axis}`);
  }
}

/** The element type is that of the zero point; without one `output_dtype` (operator set 21), else uint8. */
function inferQuantize(context: OperatorContext): OutputTypes {
  checkScale(context);
  const { shape } = needInput(context, 0);
  const named = numberOf(context.node, 'output_dtype', 0);
  if (hasInput(context, 2)) return [{ dtype: needInput(context, 2).dtype, shape }];
  const dtype = named === 0 ? 'uint8' : dtypeOf(named);
  return [dtype && { dtype, shape }];
}

/** The element type is that of the scale. */
function inferDequantize(context: OperatorContext): OutputTypes {
  checkScale(context);
  return [{ dtype: needInput(context, 1).dtype, shape: needInput(context, 0).shape }];
}

/** Y, its scale and its zero point. */
function inferDynamicQuantize(context: OperatorContext): OutputTypes {
  const { shape } = needInput(context, 0);
  return [
    { dtype: 'uint8', shape },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ];
}

/**
 * An operator whose operands lie among scales and zero points: `places` says where each operand of `plain` is, and
 * `output` gives the element type.
 */
export function integerForm(
  plain: OperatorSpec,
  places: readonly number[],
  output: (context: OperatorContext) => DType,
): OperatorSpec {
  const asPlain = (context: OperatorContext): OperatorContext => ({
    ...context,
    node: { ...context.node, inputs: places.map((at) => context.node.inputs[at] ?? '') },
    inputs: places.map((at) => context.inputs[at]),
    constant: (input) => context.constant(places[input]!),
  });
  return {
    infer(context) {
      const [type] = plain.infer(asPlain(context));
      return [type && { dtype: output(context), shape: type.shape }];
    },
    ...(plain.macs ? { macs: (context, type) => plain.macs!(asPlain(context), type) } : {}),
  };
}

/** The element type of the zero point at this input. */
export const typeOfInput = (at: number) => (context: OperatorContext) => needInput(context, at).dtype;

export const QUANTIZATION: OperatorFamily = {
  QuantizeLinear: { infer: inferQuantize },
  DequantizeLinear: { infer: inferDequantize },
  DynamicQuantizeLinear: { infer: inferDynamicQuantize },
  ConvInteger: integerForm(CONVOLUTION['Conv']!, [0, 1], () => 'int32'),
  MatMulInteger: integerForm(MATMUL['MatMul']!, [0, 1], () => 'int32'),
  QLinearConv: integerForm(CONVOLUTION['Conv']!, [0, 3, 8], typeOfInput(7)),
  QLinearMatMul: integerForm(MATMUL['MatMul']!, [0, 3], typeOfInput(7)),
};
