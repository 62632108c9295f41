import { type DType, isDType } from '../../tensor/dtype.ts';
import type { TensorType } from '../../tensor/tensor.ts';
import { numberOf } from '../attributes.ts';
import { dtypeOf } from '../data-types.ts';
import {
  integersOf,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  type OutputTypes,
  shapeError,
  shapeText,
} from './spec.ts';

/** Undefined for a type that we do not hold. Operator sets before 6 named the type by a string. */
export function castTarget(context: OperatorContext): DType | undefined {
  const to = context.node.attributes['to'];
  if (to?.type !== 'string') return dtypeOf(numberOf(context.node, 'to', 0));
  const name = to.value
    .toLowerCase()
    .replace(/^float$/, 'float32')
    .replace(/^double$/, 'float64');
  return isDType(name) ? name : undefined;
}

function inferCast(context: OperatorContext): OutputTypes {
  const { shape } = needInput(context, 0);
  const dtype = castTarget(context);
  return [dtype && { dtype, shape }];
}

function inferConstant({ node }: OperatorContext): OutputTypes {
  const { value, value_float, value_floats, value_int, value_ints } = node.attributes;
  if (value?.type === 'tensor') return [{ dtype: value.value.dtype, shape: value.value.shape }];
  const list = (dtype: DType, values: readonly number[]): TensorType => ({ dtype, shape: [values.length] });
  if (value_float) return [{ dtype: 'float32', shape: [] }];
  if (value_int) return [{ dtype: 'int64', shape: [] }];
  if (value_floats?.type === 'floats') return [list('float32', value_floats.value)];
  if (value_ints?.type === 'ints') return [list('int64', value_ints.value)];
  return [undefined];
}

function inferConstantOfShape(context: OperatorContext): OutputTypes {
  const shape = integersOf(context, 0);
  if (!shape) return [undefined];
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw shapeError(context.node, `${shapeText(shape)} is no shape`);
  }
  const value = context.node.attributes['value'];
  return [{ dtype: value?.type === 'tensor' ? value.value.dtype : 'float32', shape }];
}

/** Axes [start, end) of the input's shape; operator set 15 brought the two. */
export function shapeValues(context: OperatorContext): number[] {
  const { shape } = needInput(context, 0);
  const rank = shape.length;
  const clamp = (axis: number) => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
  return shape.slice(clamp(numberOf(context.node, 'start', 0)), clamp(numberOf(context.node, 'end', rank)));
}

export const CONSTANTS: OperatorFamily = {
  Cast: { infer: inferCast, channelLocal: true },
  Constant: { infer: inferConstant, channelLocal: false },
  ConstantOfShape: { infer: inferConstantOfShape, channelLocal: false },
  Shape: {
    infer: (context) => [{ dtype: 'int64', shape: [shapeValues(context).length] }],
    channelLocal: false,
  },
};
