import { float, int } from '../builder.ts';
import { type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';
import { channelsBack, channelsFirst, formatOf } from '../planes.ts';

/** `parameters` are scale, offset, mean and variance, one number per channel; `x` is NCHW. */
export function batchNormalized(
  operation: Operation,
  x: string,
  parameters: readonly string[],
  epsilon: number,
): string {
  return operation.add('BatchNormalization', [x, ...parameters], { epsilon: float(epsilon) });
}

function fusedBatchNorm(operation: Operation): string[] {
  if (operation.attributes.flag('is_training', false)) {
    throw new Untranslatable('is in training mode (is_training)');
  }
  const format = formatOf(operation);
  const x = channelsFirst(operation, operation.input(0), format);
  const parameters = [1, 2, 3, 4].map((at) => operation.input(at));
  const normal = batchNormalized(operation, x, parameters, operation.attributes.number('epsilon', 1e-4));
  return [channelsBack(operation, normal, format)];
}

/** TensorFlow's radius counts the neighbours of one side, and its alpha is not divided by their number. */
function localResponse(operation: Operation): string[] {
  const { attributes } = operation;
  const x = channelsFirst(operation, operation.input(0), 'NHWC');
  const size = 2 * attributes.number('depth_radius', 5) + 1;
  const normal = operation.add('LRN', [x], {
    size: int(size),
    alpha: float(attributes.number('alpha', 1) * size),
    beta: float(attributes.number('beta', 0.5)),
    bias: float(attributes.number('bias', 1)),
  });
  return [channelsBack(operation, normal, 'NHWC')];
}

export const NORMALIZATION: TranslationFamily = {
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  LRN: localResponse,
  Softmax: (operation) => [operation.add('Softmax', [operation.input(0)], { axis: int(-1) })],
  LogSoftmax: (operation) => [operation.add('LogSoftmax', [operation.input(0)], { axis: int(-1) })],
};
