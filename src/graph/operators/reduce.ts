import { numberOf } from '../attributes.ts';
import { attributeOrInput, checkedAxes } from './axes.ts';
import {
  checkedAxis,
  integersOf,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  type OutputTypes,
  shapeError,
  shapeText,
} from './spec.ts';

/**
 * The axes over which a Reduce operator goes: an attribute up to operator set 17 (ReduceSum: 12) and an input since;
 * none means all, unless `noop_with_empty_axes`. Undefined where only a run can tell.
 */
export function reducedAxes(context: OperatorContext): ReadonlySet<number> | undefined {
  const { shape } = needInput(context, 0);
  const named = attributeOrInput(context, 'axes', 1);
  if (named === 'unknown') return undefined;
  if (named && named.length > 0) return new Set(checkedAxes(context, named, shape.length));
  const none = numberOf(context.node, 'noop_with_empty_axes', 0) !== 0;
  return new Set(none ? [] : shape.map((_, axis) => axis));
}

function inferReduce(context: OperatorContext): OutputTypes {
  const { node } = context;
  const input = needInput(context, 0);
  const axes = reducedAxes(context);
  if (!axes) return [undefined];
  const kept = numberOf(node, 'keepdims', 1) !== 0;
  const shape = kept
    ? input.shape.map((extent, axis) => (axes.has(axis) ? 1 : extent))
    : input.shape.filter((_, axis) => !axes.has(axis));
  return [{ dtype: input.dtype, shape }];
}

/** The place of the greatest or least element along one axis. */
function inferArg(context: OperatorContext): OutputTypes {
  const { node } = context;
  const { shape } = needInput(context, 0);
  const axis = checkedAxis(context, numberOf(node, 'axis', 0), shape.length);
  const kept = numberOf(node, 'keepdims', 1) !== 0;
  const reduced = kept ? shape.with(axis, 1) : shape.toSpliced(axis, 1);
  return [{ dtype: 'int64', shape: reduced }];
}

/** The K greatest or least along an axis, and their places. K was an attribute before operator set 10. */
function inferTopK(context: OperatorContext): OutputTypes {
  const { node } = context;
  const { dtype, shape } = needInput(context, 0);
  const axis = checkedAxis(context, numberOf(node, 'axis', -1), shape.length);
  const [k] = context.opset < 10 ? [numberOf(node, 'k', 0)] : (integersOf(context, 1) ?? []);
  if (k === undefined) return [undefined, undefined];
  if (!Number.isInteger(k) || k < 0 || k > shape[axis]!) {
    throw shapeError(node, `the first ${k} of ${shapeText(shape)} along axis ${axis}`);
  }
  return [
    { dtype, shape: shape.with(axis, k) },
    { dtype: 'int64', shape: shape.with(axis, k) },
  ];
}

/** Not channel-local in general: the channels may be among the axes. */
export const REDUCING = [
  ...['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2'],
  ...['ReduceLogSum', 'ReduceLogSumExp', 'ReduceSumSquare'],
] as const;

export const REDUCTION: OperatorFamily = {
  ...Object.fromEntries(REDUCING.map((name) => [name, { infer: inferReduce }])),
  ArgMax: { infer: inferArg },
  ArgMin: { infer: inferArg },
  TopK: { infer: inferTopK },
};
