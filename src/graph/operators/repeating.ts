import { numberOf } from '../attributes.ts';
import { broadcastShape } from './broadcast.ts';
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

function inferExpand(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const wanted = integersOf(context, 1);
  if (!wanted) return [undefined];
  if (wanted.some((extent) => extent < 0)) throw shapeError(context.node, `${shapeText(wanted)} is no shape`);
  return [{ dtype, shape: broadcastShape(context, [shape, wanted]) }];
}

function inferTile(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const repeats = integersOf(context, 1);
  if (!repeats) return [undefined];
  if (repeats.length !== shape.length || repeats.some((times) => times < 0)) {
    throw shapeError(context.node, `repeats ${shapeText(repeats)} for ${shapeText(shape)}`);
  }
  return [{ dtype, shape: shape.map((extent, axis) => extent * repeats[axis]!) }];
}

/** One more axis, along which one element is on. */
function inferOneHot(context: OperatorContext): OutputTypes {
  const { shape } = needInput(context, 0);
  const { dtype } = needInput(context, 2);
  const depth = context.constant(1);
  if (depth?.size !== 1) return [undefined];
  const axis = checkedAxis(context, numberOf(context.node, 'axis', -1), shape.length + 1);
  const extent = Number(depth.data[0]);
  if (!Number.isSafeInteger(extent) || extent < 0)
    throw shapeError(context.node, `${extent} is no number of classes`);
  return [{ dtype, shape: shape.toSpliced(axis, 0, extent) }];
}

/** One element of the data per element of the indices. */
function inferGatherElements(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const indices = needInput(context, 1).shape;
  checkedAxis(context, numberOf(context.node, 'axis', 0), shape.length);
  if (indices.length !== shape.length) {
    throw shapeError(context.node, `indices of ${shapeText(indices)} into ${shapeText(shape)}`);
  }
  return [{ dtype, shape: indices }];
}

/** The last axis of the indices names places in the data, behind `batch_dims` axes that both have. */
function inferGatherND(context: OperatorContext): OutputTypes {
  const { dtype, shape } = needInput(context, 0);
  const indices = needInput(context, 1).shape;
  const named = numberOf(context.node, 'batch_dims', 0) + (indices.at(-1) ?? 0);
  if (indices.length === 0 || !Number.isInteger(named) || named > shape.length || named < 0) {
    throw shapeError(context.node, `indices of ${shapeText(indices)} into ${shapeText(shape)}`);
  }
  return [{ dtype, shape: [...indices.slice(0, -1), ...shape.slice(named)] }];
}

/** Crops of a feature map, one per region of interest, each of `output_height` x `output_width`. */
function inferRoiAlign(context: OperatorContext): OutputTypes {
  const { node } = context;
  const { dtype, shape } = needInput(context, 0);
  const regions = needInput(context, 1).shape;
  const crop = [numberOf(node, 'output_height', 1), numberOf(node, 'output_width', 1)];
  const fits = shape.length === 4 && regions.length === 2 && hasInput(context, 2);
  if (!fits || !crop.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw shapeError(node, `${shapeText(regions)} regions of ${shapeText(shape)} as ${shapeText(crop)}`);
  }
  return [{ dtype, shape: [regions[0]!, shape[1]!, ...crop] }];
}

export const REPEATING: OperatorFamily = {
  Expand: { infer: inferExpand },
  Tile: { infer: inferTile },
  OneHot: { infer: inferOneHot },
  GatherElements: { infer: inferGatherElements },
  GatherND: { infer: inferGatherND },
  /** The name of ScatterElements before operator set 11. */
  Scatter: { infer: (context) => [needInput(context, 0)] },
  ScatterElements: { infer: (context) => [needInput(context, 0)] },
  ScatterND: { infer: (context) => [needInput(context, 0)] },
  RoiAlign: { infer: inferRoiAlign },
};
