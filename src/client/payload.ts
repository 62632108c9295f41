import { IsobathError } from '../base/errors.ts';
import { fitted } from '../formats/fit.ts';
import { parseJsonTensor } from '../formats/json-tensor.ts';
import { sniff } from '../formats/sniff.ts';
import { ARRAYS, type ArrayOf, type DType, isDType, type TypedArray } from '../tensor/dtype.ts';
import { type Shape, sizeOf } from '../tensor/region.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { NamedTensorType } from '../wire/messages/common.ts';
import type { ModelInfo } from '../wire/messages/status.ts';
import type { InferencePayload } from './inference.ts';
import { bytesOfText } from './payload-text.ts';

/** How errors name what was given. */
const GIVEN = 'payload';

/**
 * A request from whatever a program has at hand: the bytes of a picture, .npy or JSON file; the same as base64, data URL or JSON
 * text; nested or flat arrays of numbers; a typed array; `{shape, data, dtype?}`; a `Tensor`; or, for models with several
 * inputs, an object with one of these by the name of each input. Throws ISO_ERR_INPUT_UNREADABLE, ISO_ERR_INPUT_MISMATCH and
 * ISO_ERR_REQUEST_INVALID.
 */
export function payloadOf(given: unknown, info: ModelInfo): InferencePayload {
  const bytes = fileBytes(given);
  if (bytes && sniff(bytes)) return { file: bytes };
  const named = byInput(given, info);
  if (named) return { tensors: named };
  const [input, ...others] = info.inputs;
  if (!input || others.length > 0) {
    const names = info.inputs.map(({ name }) => name).join(', ');
    const reason = `the model ${info.model} has ${info.inputs.length} inputs: give an object with ${names}`;
    throw IsobathError.of('ISO_ERR_REQUEST_INVALID', { reason });
  }
  return { tensors: new Map([[input.name, tensorOf(bytes ?? given, input)]]) };
}

function fileBytes(given: unknown): Uint8Array | undefined {
  if (typeof given === 'string') return bytesOfText(given);
  const array = typedArray(given);
  if (array instanceof Uint8Array) return array;
  return tagOf(given) === 'ArrayBuffer' ? new Uint8Array(given as ArrayBuffer) : undefined;
}

function byInput(given: unknown, { inputs }: ModelInfo): Map<string, Tensor> | undefined {
  if (!isPlain(given)) return undefined;
  const named = inputs.filter(({ name }) => Object.hasOwn(given, name));
  if (named.length === 0 || named.length < Object.keys(given).length) return undefined;
  return new Map(named.map((input) => [input.name, tensorOf(given[input.name], input)]));
}

function tensorOf(given: unknown, input: NamedTensorType): Tensor {
  return fitted(readTensor(given, input), input.name, input);
}

function readTensor(given: unknown, { shape }: NamedTensorType): Tensor {
  if (given instanceof Tensor) return given;
  const array = typedArray(given);
  if (array) return shaped(array, shape, dtypeOf(array));
  const data = isPlain(given) ? typedArray(given['data']) : undefined;
  if (data) return described(data, given as Described);
  const read = parseJsonTensor(given, GIVEN, 'float64');
  // a list without structure is taken as the elements of the input, in their order
  const flat = Array.isArray(given) && read.shape.length === 1 && shape.length > 1;
  return flat && read.size === sizeOf(shape) ? read.reshaped(shape) : read;
}

function shaped(data: TypedArray, shape: Shape, dtype: DType): Tensor {
  const fits = data.length === sizeOf(shape);
  return Tensor.of(dtype, fits ? shape : [data.length], data as ArrayOf<DType>);
}

interface Described {
  readonly shape?: unknown;
  readonly dtype?: unknown;
}

function described(data: TypedArray, { shape, dtype = dtypeOf(data) }: Described): Tensor {
  const good = Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!good) throw unreadable('its "shape" is not a list of whole numbers');
  if (!isDType(dtype)) throw unreadable(`${JSON.stringify(dtype)} is not an element type`);
  if (!(data instanceof ARRAYS[dtype])) throw unreadable(`its data is a ${tagOf(data)}, not ${dtype}`);
  if (data.length !== sizeOf(shape)) {
    throw unreadable(`${data.length} values do not fill the shape [${shape.join(', ')}]`);
  }
  return shaped(data, shape, dtype);
}

/** float16 and bool share their arrays with uint16 and uint8. */
const DTYPE_OF: ReadonlyMap<string, DType> = new Map([
  ...(Object.keys(ARRAYS) as DType[])
    .filter((dtype) => dtype !== 'float16' && dtype !== 'bool')
    .map((dtype) => [ARRAYS[dtype].name, dtype] as const),
  ['Uint8ClampedArray', 'uint8'] as const,
]);

function dtypeOf(data: TypedArray): DType {
  return DTYPE_OF.get(tagOf(data))!;
}

/** Also of arrays that were made in another context of this process: those of Node-RED's function nodes are. */
function typedArray(value: unknown): TypedArray | undefined {
  const dtype = DTYPE_OF.get(tagOf(value));
  if (!ArrayBuffer.isView(value) || !dtype) return undefined;
  if (value instanceof ARRAYS[dtype]) return value;
  return new ARRAYS[dtype](value.buffer as ArrayBuffer, value.byteOffset, (value as TypedArray).length);
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function unreadable(reason: string): IsobathError {
  return IsobathError.of('ISO_ERR_INPUT_UNREADABLE', { file: GIVEN, reason });
}
