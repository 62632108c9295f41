import { type Shape, sizeOf } from '../../tensor/region.ts';
import { axisOf, numberOf, numbersOf, stringOf } from '../attributes.ts';
import { attributeOrInput, checkedAxes } from './axes.ts';
import {
  checkedAxis,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  type OutputTypes,
  shapeError,
  shapeText,
} from './spec.ts';

/** All axes before `axis` as rows, all others as columns. */
function inferFlatten(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const axis = checkedAxis(context, numberOf(context.node, 'axis', 1), shape.length, 'closed');
  return [{ dtype, shape: [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))] }];
}

/** An extent of 0 copies that of the input (unless `allowzero`), and one of -1 takes what is left. */
function inferReshape(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const wanted = attributeOrInput(context, 'shape', 1);
  if (wanted === 'unknown') return [undefined];
  if (!wanted) throw shapeError(context.node, 'no new shape is given');
  const copyZero = numberOf(context.node, 'allowzero', 0) === 0;
  const target = wanted.map((extent, axis) => (extent === 0 && copyZero ? (shape[axis] ?? -2) : extent));
  const open = target.indexOf(-1);
  if (open >= 0) {
    const others = sizeOf(target.filter((_, axis) => axis !== open));
    target[open] = others === 0 ? 0 : sizeOf(shape) / others;
  }
  const fits = target.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!fits || sizeOf(target) !== sizeOf(shape)) {
    throw shapeError(context.node, `${shapeText(shape)} cannot be reshaped to ${shapeText(wanted)}`);
  }
  return [{ dtype, shape: target }];
}

function inferTranspose(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const order = numbersOf(context.node, 'perm') ?? shape.map((_, axis) => shape.length - 1 - axis);
  const axes = checkedAxes(context, order, shape.length);
  if (axes.length !== shape.length) {
    throw shapeError(context.node, `perm ${shapeText(order)} for ${shape.length} axes`);
  }
  return [{ dtype, shape: order.map((axis) => shape[axisOf(axis, shape.length)]!) }];
}

function inferSqueeze(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const named = attributeOrInput(context, 'axes', 1);
  if (named === 'unknown') return [undefined];
  const axes = new Set(named ? checkedAxes(context, named, shape.length) : onesOf(shape));
  if ([...axes].some((axis) => shape[axis] !== 1)) {
    throw shapeError(context.node, `axes [${[...axes]}] of ${shapeText(shape)} are not all 1`);
  }
  return [{ dtype, shape: shape.filter((_, axis) => !axes.has(axis)) }];
}

function onesOf(shape: Shape): number[] {
  return shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
}

/** Axes count in the output, whatever their order. */
function inferUnsqueeze(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const named = attributeOrInput(context, 'axes', 1);
  if (named === 'unknown') return [undefined];
  if (!named) throw shapeError(context.node, 'no axes are given');
  const rank = shape.length + named.length;
  const axes = new Set(checkedAxes(context, named, rank));
  const rest = [...shape];
  return [{ dtype, shape: Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!)) }];
}

/** b x b blocks of channels become b x b squares of pixels. */
function inferDepthToSpace(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const block = numberOf(context.node, 'blocksize', 0);
  const mode = stringOf(context.node, 'mode', 'DCR');
  const [batch, channels, height, width] = shape;
  const out = channels! / (block * block);
  if (shape.length !== 4 || !Number.isInteger(block) || block < 1 || !Number.isInteger(out)) {
    throw shapeError(context.node, `${shapeText(shape)} in blocks of ${block} (${mode})`);
  }
  return [{ dtype, shape: [batch!, out, height! * block, width! * block] }];
}

/** b x b squares of pixels become b x b blocks of channels. */
function inferSpaceToDepth(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const block = numberOf(context.node, 'blocksize', 0);
  const [batch, channels, height, width] = shape;
  const fits = Number.isInteger(block) && block >= 1 && height! % block === 0 && width! % block === 0;
  if (shape.length !== 4 || !fits)
    throw shapeError(context.node, `${shapeText(shape)} in squares of ${block}`);
  return [{ dtype, shape: [batch!, channels! * block * block, height! / block, width! / block] }];
}

export const RESHAPING: OperatorFamily = {
  Flatten: { infer: inferFlatten },
  Reshape: { infer: inferReshape },
  Transpose: { infer: inferTranspose },
  Squeeze: { infer: inferSqueeze },
  Unsqueeze: { infer: inferUnsqueeze },
  DepthToSpace: { infer: inferDepthToSpace },
  SpaceToDepth: { infer: inferSpaceToDepth },
};
