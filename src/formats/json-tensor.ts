import { IsobathError } from '../base/errors.ts';
import { DTYPES, type DType, isDType } from '../tensor/dtype.ts';
import { type Shape, sizeOf } from '../tensor/region.ts';
import { Tensor } from '../tensor/tensor.ts';
import { convertTensor } from './convert.ts';

const MAX_RANK = 32;

/**
 * A tensor from parsed JSON: nested arrays of numbers, all of one length per level, or `{shape, data, dtype?}` with
 * `data` flat or nested. The elements become `dtype`; one that the object names is only a promise that the values
 * keep. Throws ISO_ERR_INPUT_UNREADABLE, in which `file` names the input.
 */
export function parseJsonTensor<D extends DType = 'float32'>(
  json: unknown,
  file: string,
  dtype: D = 'float32' as D,
): Tensor<D> {
  try {
    const tensor = Array.isArray(json) ? nested(json) : described(json);
    return convertTensor(tensor, dtype);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw IsobathError.of('ISO_ERR_INPUT_UNREADABLE', { file, reason: error.message }, error);
  }
}

function nested(json: readonly unknown[]): Tensor<'float64'> {
  const shape: number[] = [];
  for (let level: unknown = json; Array.isArray(level); level = level[0]) {
    if (shape.length === MAX_RANK) throw new RangeError(`it is nested more than ${MAX_RANK} levels deep`);
    shape.push(level.length);
  }
  const values: number[] = [];
  collect(json, shape, 0, values);
  return Tensor.of('float64', shape, Float64Array.from(values));
}

function collect(json: unknown, shape: Shape, axis: number, values: number[]): void {
  if (axis === shape.length) {
    if (typeof json !== 'number') throw new RangeError(`${shown(json)} stands where a number is expected`);
    values.push(json);
    return;
  }
  if (!Array.isArray(json) || json.length !== shape[axis]) {
    throw new RangeError(
      `its lists are ragged: ${shown(json)} stands where a list of ${shape[axis]} is expected`,
    );
  }
  for (const part of json) collect(part, shape, axis + 1, values);
}

function described(json: unknown): Tensor {
  const {
    shape,
    data,
    dtype = 'float64',
  } = (json ?? {}) as { shape?: unknown; data?: unknown; dtype?: unknown };
  if (!Array.isArray(shape) || !Array.isArray(data)) {
    throw new RangeError(
      'it is neither nested lists of numbers nor an object with the lists "shape" and "data"',
    );
  }
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0) || shape.length > MAX_RANK) {
    throw new RangeError('its "shape" is not a list of at most 32 whole numbers');
  }
  if (!isDType(dtype)) throw new RangeError(`${shown(dtype)} is not one of the types ${DTYPES.join(', ')}`);
  const values = nested(data);
  if (values.size !== sizeOf(shape)) {
    throw new RangeError(`${values.size} values do not fill the shape [${shape.join(', ')}]`);
  }
  return convertTensor(values.reshaped(shape), dtype);
}

/** Never the whole of a list: it may be large or deep. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
