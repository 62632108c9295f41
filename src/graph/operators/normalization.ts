import type { TensorType } from '../../tensor/tensor.ts';
import { numberOf } from '../attributes.ts';
import { dtypeOf } from '../data-types.ts';
import { broadcastShape } from './broadcast.ts';
import {
  checkedAxis,
  needInput,
  type OperatorContext,
  type OperatorFamily,
  shapeError,
  shapeText,
} from './spec.ts';

/**
 * Y, then in training mode the running mean and variance; before operator set 14 also the saved mean and variance. All
 * of these have one element per channel.
 */
function inferBatchNormalization(context: OperatorContext): TensorType[] {
  const { node, opset } = context;
  const input = needInput(context, 0);
  // Until operator set 9, `spatial` = 0 normalised every activation by parameters of its own: C x D1 x D2 ...
  const spatial = opset >= 9 || numberOf(node, 'spatial', 1) !== 0;
  const channels = input.shape.length < 2 ? [1] : [input.shape[1]!];
  const wanted = spatial ? channels : input.shape.slice(1);
  for (const at of [1, 2, 3, 4]) {
    const { shape } = needInput(context, at);
    if (shapeText(shape) !== shapeText(wanted)) {
      throw shapeError(node, `a parameter of ${shapeText(shape)} for an input of ${shapeText(input.shape)}`);
    }
  }
  const statistic = { dtype: needInput(context, 3).dtype, shape: wanted };
  return [input, statistic, statistic, statistic, statistic];
}

/** Scale and bias have one element per channel, or per group (GroupNormalization before operator set 21). */
function inferPerChannel(context: OperatorContext): TensorType[] {
  const { node, opset } = context;
  const input = needInput(context, 0);
  const channels = input.shape[1];
  const groups = node.op === 'GroupNormalization' ? numberOf(node, 'num_groups', 0) : channels;
  if (input.shape.length < 3 || !Number.isInteger(groups) || groups! < 0 || channels! % (groups || 1) !== 0) {
    throw shapeError(node, `${shapeText(input.shape)} in ${groups} groups of channels`);
  }
  const wanted = node.op === 'GroupNormalization' && opset < 21 ? groups : channels;
  for (const at of [1, 2]) {
    const { shape } = needInput(context, at);
    if (shape.length !== 1 || shape[0] !== wanted) {
      throw shapeError(node, `a parameter of ${shapeText(shape)} for an input of ${shapeText(input.shape)}`);
    }
  }
  return [input];
}

/** Y, then (LayerNormalization) the mean and the inverse deviation that it took, with extents of 1 from `axis` on. */
function inferLayerNormalization(context: OperatorContext): TensorType[] {
  const { node } = context;
  const input = needInput(context, 0);
  const axis = checkedAxis(context, numberOf(node, 'axis', -1), input.shape.length);
  const scale = needInput(context, 1).shape;
  if (shapeText(broadcastShape(context, [input.shape, scale])) !== shapeText(input.shape)) {
    throw shapeError(node, `a scale of ${shapeText(scale)} for an input of ${shapeText(input.shape)}`);
  }
  const dtype = dtypeOf(numberOf(node, 'stash_type', 1)) ?? 'float32';
  const statistic = { dtype, shape: input.shape.map((extent, at) => (at < axis ? extent : 1)) };
  return [input, statistic, statistic];
}

export const NORMALIZATION: OperatorFamily = {
  BatchNormalization: { infer: inferBatchNormalization },
  InstanceNormalization: { infer: inferPerChannel },
  GroupNormalization: { infer: inferPerChannel },
  LayerNormalization: { infer: inferLayerNormalization },
  RMSNormalization: { infer: (context) => inferLayerNormalization(context).slice(0, 1) },
  MeanVarianceNormalization: { infer: (context) => [needInput(context, 0)] },
  LpNormalization: { infer: (context) => [needInput(context, 0)] },
  /** Each element is divided by a sum over neighbouring channels. */
  LRN: { infer: (context) => [needInput(context, 0)] },
};
