import { sizeOf } from '../../tensor/region.ts';
import { numberOf } from '../attributes.ts';
import { MICROSOFT } from './qlinear.ts';
import { needInput, type OperatorContext, type OperatorFamily, shapeError, shapeText } from './spec.ts';

/**
 * MatMulNBits multiplies with filters of 2, 4 or 8 bits, packed in blocks along the inner axis: `[N, blocks, bytes of a
 * block]`, with a scale for each block. Documented in onnxruntime's ContribOperators.md.
 */
function inferMatMulNBits(context: OperatorContext) {
  const { node } = context;
  const { dtype, shape } = needInput(context, 0);
  const [inner, outer] = [numberOf(node, 'K', 0), numberOf(node, 'N', 0)];
  if (shape.at(-1) !== inner || outer < 1) {
    throw shapeError(node, `${shapeText(shape)} by filters of ${inner} x ${outer}`);
  }
  return [{ dtype, shape: [...shape.slice(0, -1), outer] }];
}

export const PACKED: OperatorFamily = {
  [`${MICROSOFT}.MatMulNBits`]: {
    infer: inferMatMulNBits,
    macs: (context, output) => sizeOf(output.shape) * numberOf(context.node, 'K', 0),
  },
};
