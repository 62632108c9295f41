import { numbersOf, stringOf } from '../attributes.ts';
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

/** Float inputs (scales, the region of interest) of at most one number per axis and side. */
function floatsOf(context: OperatorContext, input: number): number[] | undefined {
  const tensor = hasInput(context, input) ? context.constant(input) : undefined;
  return tensor && tensor.size <= 64 ? Array.from(tensor.data as ArrayLike<number>, Number) : undefined;
}

/**
 * Inputs are X, scales in operator set 10 and X, roi, scales, sizes since 11; scales or sizes may be empty. With
 * `axes` (operator set 18) they name only those axes.
 */
function inferResize(context: OperatorContext): OutputTypes {
  const { node, opset } = context;
  const { dtype, shape } = needInput(context, 0);
  const named = numbersOf(node, 'axes') ?? shape.map((_, axis) => axis);
  const axes = named.map((axis) => checkedAxis(context, axis, shape.length));
  const scalesAt = opset < 11 ? 1 : 2;
  const sizes = hasInput(context, 3) ? integersOf(context, 3) : [];
  const scales = hasInput(context, scalesAt) ? floatsOf(context, scalesAt) : [];
  if (!sizes || !scales) return [undefined];
  const values = sizes.length > 0 ? sizes : scales;
  if (values.length !== axes.length || !values.every((value) => value > 0 && Number.isFinite(value))) {
    throw shapeError(
      node,
      `sizes ${shapeText(sizes)} and scales ${shapeText(scales)} for ${shapeText(shape)}`,
    );
  }
  const output = [...shape];
  if (sizes.length > 0) resizeTo(context, output, axes, sizes);
  else if (!scaleBy(context, output, axes, scales)) return [undefined];
  return [{ dtype, shape: output }];
}

/** `keep_aspect_ratio_policy` takes one factor for all axes, and rounds half up. */
function resizeTo(
  context: OperatorContext,
  output: number[],
  axes: number[],
  sizes: readonly number[],
): void {
  const policy = stringOf(context.node, 'keep_aspect_ratio_policy', 'stretch');
  const factors = axes.map((axis, at) => sizes[at]! / output[axis]!);
  const factor = policy === 'not_larger' ? Math.min(...factors) : Math.max(...factors);
  axes.forEach((axis, at) => {
    output[axis] = policy === 'stretch' ? sizes[at]! : Math.floor(factor * output[axis]! + 0.5);
  });
}

/** An extent becomes floor(extent x scale); with tf_crop_and_resize, of the part that the region of interest leaves. */
function scaleBy(
  context: OperatorContext,
  output: number[],
  axes: number[],
  scales: readonly number[],
): boolean {
  const crop =
    stringOf(context.node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const roi = crop ? floatsOf(context, 1) : [];
  if (!roi) return false;
  axes.forEach((axis, at) => {
    const part = crop ? (roi[at + axes.length] ?? 1) - (roi[at] ?? 0) : 1;
    // Scales are float32, and so is the product of the reference: 0.6 of 5 must not become 3.0000001.
    output[axis] = Math.floor(Math.fround(output[axis]! * part * scales[at]!));
  });
  if (output.some((extent) => extent < 0 || Number.isNaN(extent))) {
    throw shapeError(context.node, `scales ${shapeText(scales)} give ${shapeText(output)}`);
  }
  return true;
}

/** What Resize was before operator set 10: the scales are an attribute up to operator set 8, then an input. */
function inferUpsample(context: OperatorContext): OutputTypes {
  const { node } = context;
  const { dtype, shape } = needInput(context, 0);
  const scales = hasInput(context, 1) ? floatsOf(context, 1) : (numbersOf(node, 'scales') ?? []);
  if (!scales) return [undefined];
  if (scales.length !== shape.length || !scales.every((scale) => scale > 0 && Number.isFinite(scale))) {
    throw shapeError(node, `scales ${shapeText(scales)} for ${shapeText(shape)}`);
  }
  return [{ dtype, shape: shape.map((extent, axis) => Math.floor(Math.fround(extent * scales[axis]!))) }];
}

export const RESIZE: OperatorFamily = {
  Resize: { infer: inferResize },
  Upsample: { infer: inferUpsample },
};
