import type { TensorType } from '../../tensor/tensor.ts';
import { numberOf } from '../attributes.ts';
import { needInput, type OperatorContext, type OperatorFamily, shapeError, shapeText } from './spec.ts';

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

export const NORMALIZATION: OperatorFamily = {
  BatchNormalization: { infer: inferBatchNormalization },
  /** Each element is divided by a sum over neighbouring channels. */
  LRN: { infer: (context) => [needInput(context, 0)] },
};
