import { IsobathError } from '../base/errors.ts';
import type { Shape } from '../tensor/region.ts';
import type { Tensor, TensorType } from '../tensor/tensor.ts';
import { convertTensor } from './convert.ts';

/**
 * The tensor as an input of the type that a model wants. Leading axes of 1 may be missing ([C, H, W] for [1, C, H, W]); its
 * elements are converted where no value is lost but to rounding. Throws ISO_ERR_INPUT_MISMATCH.
 */
export function fitted(tensor: Tensor, input: string, type: TensorType): Tensor {
  const mismatch = (got: string, cause?: unknown) =>
    IsobathError.of(
      'ISO_ERR_INPUT_MISMATCH',
      { input, got, want: `${type.dtype} ${shown(type.shape)}` },
      cause,
    );
  if (!fits(tensor.shape, type.shape)) throw mismatch(`the shape ${shown(tensor.shape)}`);
  try {
    return convertTensor(tensor, type.dtype).reshaped(type.shape);
  } catch (error) {
    if (error instanceof RangeError) throw mismatch(error.message, error);
    throw error;
  }
}

/** True where `got` is `want`, or `want` without some of its leading axes of 1. */
function fits(got: Shape, want: Shape): boolean {
  const missing = want.length - got.length;
  return (
    missing >= 0 &&
    want.every((extent, axis) => (axis < missing ? extent === 1 : extent === got[axis - missing]))
  );
}

function shown(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
