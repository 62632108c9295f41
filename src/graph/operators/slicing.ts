import type { Shape } from '../../tensor/region.ts';
import { numberOf } from '../attributes.ts';
import { attributeOrInput, checkedAxes } from './axes.ts';
import {
  checkedAxis,
  hasInput,
  integersOf,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  type OutputTypes,
  shapeError,
  shapeText,
} from './spec.ts';

/** What Slice takes along one axis: `count` elements from `start` in steps of `step`, which may be negative. */
export interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** The cuts of a Slice node, clamped to the input; undefined where only a run can tell. */
export function cutsOf(context: OperatorContext, shape: Shape): Cut[] | undefined {
  const { node } = context;
  const starts = attributeOrInput(context, 'starts', 1);
  const ends = attributeOrInput(context, 'ends', 2);
  const given = attributeOrInput(context, 'axes', 3);
  const steps = hasInput(context, 4) ? (integersOf(context, 4) ?? 'unknown') : undefined;
  if (starts === 'unknown' || ends === 'unknown' || given === 'unknown' || steps === 'unknown')
    return undefined;
  const count = starts?.length;
  const axes = given ?? starts?.map((_, axis) => axis);
  if (!starts || !ends || !axes || ends.length !== count || axes.length !== count) {
    throw shapeError(node, `starts, ends and axes of different lengths`);
  }
  if (steps && steps.length !== count) throw shapeError(node, `${steps.length} steps for ${count} axes`);
  checkedAxes(context, axes, shape.length);
  return axes.map((named, at) => {
    const axis = checkedAxis(context, named, shape.length);
    const step = steps?.[at] ?? 1;
    if (step === 0) throw shapeError(node, 'a step is 0');
    return cut(axis, shape[axis]!, starts[at]!, ends[at]!, step);
  });
}

function cut(axis: number, extent: number, from: number, to: number, step: number): Cut {
  const place = (value: number) => (value < 0 ? value + extent : value);
  const within = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);
  // Backwards, the last element is the furthest start and -1, before the first, the furthest end.
  const [least, most] = step > 0 ? [0, extent] : [-1, extent - 1];
  const start = within(place(from), step > 0 ? 0 : Math.min(0, most), most);
  const end = within(place(to), least, most);
  return { axis, start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
}

function inferSlice(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const cuts = cutsOf(context, shape);
  if (!cuts) return [undefined];
  const output = [...shape];
  for (const { axis, count } of cuts) output[axis] = count;
  return [{ dtype, shape: output }];
}

/** `indices` replaces the axis: r + q - 1 dimensions. */
function inferGather(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const indices = needInput(context, 1).shape;
  const axis = checkedAxis(context, numberOf(context.node, 'axis', 0), shape.length);
  return [{ dtype, shape: [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)] }];
}

function inferConcat(context: OperatorContext): OutputTypes {
  const { node } = context;
  const { dtype, shape } = needInput(context, 0);
  const axis = checkedAxis(context, numberOf(node, 'axis', 1), shape.length);
  const output = [...shape];
  output[axis] = 0;
  context.inputs.forEach((_, at) => {
    const part = needInput(context, at).shape;
    const fits =
      part.length === shape.length &&
      part.every((extent, other) => other === axis || extent === shape[other]);
    if (!fits) throw shapeError(node, `${shapeText(shape)} and ${shapeText(part)} along axis ${axis}`);
    output[axis]! += part[axis]!;
  });
  return [{ dtype, shape: output }];
}

/** The extents of a Split node's outputs: named, or as equal as they can be with the last one smaller. */
export function splitExtents(context: OperatorContext, extent: number): readonly number[] | undefined {
  const { node } = context;
  const parts = node.outputs.length;
  const named = attributeOrInput(context, 'split', 1);
  if (named === 'unknown') return undefined;
  if (named) {
    const valid = named.every((part) => part >= 0) && named.length === parts;
    if (valid && named.reduce((sum, part) => sum + part, 0) === extent) return named;
    throw shapeError(node, `${extent} elements split into ${shapeText(named)} for ${parts} outputs`);
  }
  const wanted = numberOf(node, 'num_outputs', parts);
  const each = Math.ceil(extent / parts);
  const last = extent - each * (parts - 1);
  // Only operator set 18 and later, with num_outputs, let the last part be smaller.
  if (wanted !== parts || last < 0 || (last !== each && context.opset < 18)) {
    throw shapeError(node, `${extent} elements do not split into ${parts} equal parts`);
  }
  return node.outputs.map((_, part) => (part === parts - 1 ? last : each));
}

function inferSplit(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const axis = checkedAxis(context, numberOf(context.node, 'axis', 0), shape.length);
  const extents = splitExtents(context, shape[axis]!);
  if (!extents) return context.node.outputs.map(() => undefined);
  return extents.map((extent) => ({
    dtype,
    shape: shape.map((own, other) => (other === axis ? extent : own)),
  }));
}

/** Pads are `[begin of each axis, end of each axis]`; a negative one crops. */
function inferPad(context: OperatorContext): OutputTypes {
  const { node } = context;
  const { dtype, shape } = needInput(context, 0);
  const pads = attributeOrInput(context, 'pads', 1);
  const named = hasInput(context, 3) ? (integersOf(context, 3) ?? 'unknown') : undefined;
  if (pads === 'unknown' || named === 'unknown') return [undefined];
  const axes = named ?? shape.map((_, axis) => axis);
  if (pads?.length !== 2 * axes.length) {
    throw shapeError(node, `pads ${shapeText(pads ?? [])} for ${axes.length} axes of ${shapeText(shape)}`);
  }
  const output = [...shape];
  axes.forEach((axis, at) => {
    output[checkedAxis(context, axis, shape.length)]! += pads[at]! + pads[at + axes.length]!;
  });
  if (output.some((extent) => extent < 0)) {
    throw shapeError(node, `pads ${shapeText(pads)} crop more than ${shapeText(shape)} has`);
  }
  return [{ dtype, shape: output }];
}

export const SLICING: OperatorFamily = {
  Slice: { infer: inferSlice },
  Gather: { infer: inferGather },
  Concat: { infer: inferConcat },
  Split: { infer: inferSplit },
  Pad: { infer: inferPad },
};
