import { reasonOf } from '../../base/errors.ts';
import { type ArrayOf, type DType, elementBytes } from '../../tensor/dtype.ts';
import { lazily } from '../../tensor/lazy.ts';
import { type Shape, sizeOf } from '../../tensor/region.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { readRange, resolveInside } from '../beside.ts';
import { isInside } from '../manifest-check.ts';
import type { ReadContext } from './context.ts';
import { viewOf } from './tensor-elements.ts';

export interface Location {
  location: string;
  offset: string;
  length: string;
}

/** The external_data entries of a TensorProto, as they stand in the file: a hostile model may say anything. */
export type ExternalData = Partial<Location>;

/**
 * A tensor whose elements lie in a file beside the model. The file is looked at now (is it in the folder, is it long
 * enough) and read when `data` is asked for. Only a path into the model's folder is followed: a model must not make us
 * read elsewhere.
 */
export function externalTensor<D extends DType>(
  name: string,
  dtype: D,
  shape: Shape,
  external: ExternalData,
  context: ReadContext,
): Tensor<D> {
  const location = external.location ?? '';
  const refuse = (reason: string, cause?: unknown) =>
    context.externalData(name, `"${location}"`, reason, cause);
  const count = sizeOf(shape);
  const byteLength = count * elementBytes(dtype);
  const offset = wholeNumber(external.offset, 0);
  const length = wholeNumber(external.length, byteLength);
  if (offset === undefined || length === undefined)
    throw refuse('is given with an offset or length that is no number');
  if (length !== byteLength)
    throw refuse(`is given as ${length} bytes where the shape asks for ${byteLength}`);
  const path = pathBelow(location);
  if (path === undefined)
    throw refuse('is not a path inside the folder of the model, with / between its parts');
  if (context.folder === undefined) throw refuse('cannot be followed: the model was read without its folder');
  const target = resolveInside(context.folder, path, refuse);
  if (offset + length > target.size) {
    throw refuse(`has ${target.size} bytes, fewer than the ${offset + length} that the model names`);
  }
  context.onExternalFile(path);
  return lazily(dtype, shape, () => {
    try {
      const bytes = new Uint8Array(length);
      readRange(target.file, offset, bytes);
      return viewOf(bytes, dtype, count) as ArrayOf<D>;
    } catch (error) {
      throw refuse(`cannot be read: ${reasonOf(error)}`, error);
    }
  });
}

function wholeNumber(text: string | undefined, fallback: number): number | undefined {
  if (text === undefined) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * The location without `./` and empty parts; undefined where it is absolute, steps upwards anywhere (ONNX forbids `..`),
 * or has the separators of Windows.
 */
function pathBelow(location: string): string | undefined {
  const parts = location.split('/').filter((part) => part !== '.' && part !== '');
  if (!isInside(location) || parts.includes('..')) return undefined;
  return parts.join('/');
}
