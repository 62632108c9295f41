import { numberOf } from '../attributes.ts';
import { attributeOrInput, checkedAxes } from './axes.ts';
import { needInput, type OperatorContext, type OperatorFamily, type OutputTypes } from './spec.ts';

/** Axes are an attribute up to operator set 17 and an input since; none means all, unless `noop_with_empty_axes`. */
function inferReduce(context: OperatorContext): OutputTypes {
  const { node } = context;
  const input = needInput(context, 0);
  const named = attributeOrInput(context, 'axes', 1);
  if (named === 'unknown') return [undefined];
  const none = named === undefined || named.length === 0;
  if (none && numberOf(node, 'noop_with_empty_axes', 0) !== 0) return [input];
  const all = input.shape.map((_, axis) => axis);
  const axes = new Set(none ? all : checkedAxes(context, named, input.shape.length));
  const kept = numberOf(node, 'keepdims', 1) !== 0;
  const shape = kept
    ? input.shape.map((extent, axis) => (axes.has(axis) ? 1 : extent))
    : input.shape.filter((_, axis) => !axes.has(axis));
  return [{ dtype: input.dtype, shape }];
}

/** Not channel-local in general: the channels may be among the axes. */
export const REDUCTION: OperatorFamily = {
  ReduceMean: { infer: inferReduce },
  ReduceMax: { infer: inferReduce },
  ReduceMin: { infer: inferReduce },
  ReduceSum: { infer: inferReduce },
};
