import type { DType } from '../../tensor/dtype.ts';
import type { Shape } from '../../tensor/region.ts';
import { numberOf } from '../attributes.ts';
import { dtypeOf } from '../data-types.ts';
import type { Node } from '../graph.ts';
import {
  integersOf,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  type OutputTypes,
  shapeError,
  shapeText,
} from './spec.ts';

/** Undefined for a type that we do not hold. */
export function castTarget({ node }: Pick<OperatorContext, 'node'>): DType | undefined {
  return dtypeOf(numberOf(node, 'to', 0));
}

function inferCast(context: OperatorContext): OutputTypes {
  const { shape } = needInput(context, 0);
  const dtype = castTarget(context);
  return [dtype && { dtype, shape }];
}

/** The numbers of a Constant that is not written as a tensor; operator set 12 brought these. */
export function constantNumbers(
  node: Node,
): { dtype: 'float32' | 'int64'; shape: Shape; values: number[] } | undefined {
  const { value_float, value_floats, value_int, value_ints } = node.attributes;
  if (value_float?.type === 'float') return { dtype: 'float32', shape: [], values: [value_float.value] };
  if (value_int?.type === 'int') return { dtype: 'int64', shape: [], values: [value_int.value] };
  const list = value_floats ?? value_ints;
  if (list?.type !== 'floats' && list?.type !== 'ints') return undefined;
  const dtype = list.type === 'floats' ? 'float32' : 'int64';
  return { dtype, shape: [list.value.length], values: [...list.value] };
}

function inferConstant({ node }: Pick<OperatorContext, 'node'>): OutputTypes {
  const { value } = node.attributes;
  const type = value?.type === 'tensor' ? value.value : constantNumbers(node);
  return [type && { dtype: type.dtype, shape: type.shape }];
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

/** The numbers of a Range from `start` to before `limit` in steps of `delta`; undefined where only a run can tell. */
export function rangeOf(
  context: OperatorContext,
): { start: number; delta: number; count: number } | undefined {
  const bounds = [0, 1, 2].map((at) => {
    const tensor = context.constant(at);
    return tensor?.size === 1 ? Number(tensor.data[0]) : undefined;
  });
  const [start, limit, delta] = bounds;
  if (start === undefined || limit === undefined || delta === undefined) return undefined;
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (Number.isFinite(count)) return { start, delta, count };
  throw shapeError(context.node, `the range from ${start} to ${limit} in steps of ${delta} does not end`);
}

function inferRange(context: OperatorContext): OutputTypes {
  const { dtype } = needInput(context, 0);
  const range = rangeOf(context);
  return [range && { dtype, shape: [range.count] }];
}

export const CONSTANTS: OperatorFamily = {
  Cast: { infer: inferCast, open: (node) => castTarget({ node }) === undefined },
  CastLike: {
    infer: (context) => [{ dtype: needInput(context, 1).dtype, shape: needInput(context, 0).shape }],
  },
  Range: { infer: inferRange },
  Size: { infer: () => [{ dtype: 'int64', shape: [] }] },
  Constant: { infer: inferConstant, open: (node) => inferConstant({ node })[0] === undefined },
  ConstantOfShape: { infer: inferConstantOfShape },
  Shape: {
    infer: (context) => [{ dtype: 'int64', shape: [shapeValues(context).length] }],
  },
};
