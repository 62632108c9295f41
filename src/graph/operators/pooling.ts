import type { TensorType } from '../../tensor/tensor.ts';
import { numbersOf } from '../attributes.ts';
import { checkedWindow } from './checked-window.ts';
import { needInput, type OperatorContext, type OperatorFamily, shapeError, shapeText } from './spec.ts';

function inferPool(context: OperatorContext): TensorType {
  const { dtype, shape } = needInput(context, 0);
  const kernel = numbersOf(context.node, 'kernel_shape');
  if (shape.length < 3 || !kernel) {
    throw shapeError(
      context.node,
      `pooling of ${shapeText(shape)} with the kernel ${shapeText(kernel ?? [])}`,
    );
  }
  const { output } = checkedWindow(context, shape.slice(2), kernel);
  return { dtype, shape: [shape[0]!, shape[1]!, ...output] };
}

function inferGlobalPool(context: OperatorContext): TensorType {
  const { dtype, shape } = needInput(context, 0);
  if (shape.length < 2) throw shapeError(context.node, `${shapeText(shape)} has no channels`);
  return { dtype, shape: shape.map((extent, axis) => (axis < 2 ? extent : 1)) };
}

/** The second output, where named, holds for each maximum its flat index in the whole input. */
function inferMaxPool(context: OperatorContext): TensorType[] {
  const output = inferPool(context);
  return [output, { dtype: 'int64', shape: output.shape }];
}

export const POOLING: OperatorFamily = {
  MaxPool: { infer: inferMaxPool },
  AveragePool: { infer: (context) => [inferPool(context)] },
  LpPool: { infer: (context) => [inferPool(context)] },
  GlobalLpPool: { infer: (context) => [inferGlobalPool(context)] },
  GlobalMaxPool: { infer: (context) => [inferGlobalPool(context)] },
  GlobalAveragePool: { infer: (context) => [inferGlobalPool(context)] },
};
