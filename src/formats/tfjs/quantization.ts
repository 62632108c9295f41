import { ARRAYS, type TypedArray } from '../../tensor/dtype.ts';
import { float16ToFloat32 } from '../../tensor/float16.ts';
import type { TfjsContext } from './context.ts';
import { isRecord, shown } from './json.ts';

/** How a weight is stored in fewer bits: value = stored * scale + min, or as half floats. */
export interface Quantization {
  readonly dtype: 'uint8' | 'uint16' | 'float16';
  readonly scale: number;
  readonly min: number;
}

/** Undefined for a weight that is stored as it is. */
export function readQuantization(
  json: unknown,
  weight: string,
  target: 'float32' | 'int32' | 'bool',
  context: TfjsContext,
): Quantization | undefined {
  if (json === undefined || json === null) return undefined;
  const { dtype, scale, min } = isRecord(json) ? json : {};
  if (dtype === 'float16' && target === 'float32') return { dtype, scale: 1, min: 0 };
  if ((dtype !== 'uint8' && dtype !== 'uint16') || target === 'bool') {
    throw context.unsupported(`the ${target} weight ${weight} is quantised as ${shown(dtype)}`);
  }
  if (!Number.isFinite(scale) || !Number.isFinite(min)) {
    throw context.malformed(
      `the quantised weight ${weight} has the scale ${shown(scale)} and the min ${shown(min)}`,
    );
  }
  return { dtype, scale: scale as number, min: min as number };
}

/** The elements that stored bytes (little-endian, at the start of their buffer) stand for. */
export function elementsOf(
  bytes: Uint8Array<ArrayBuffer>,
  target: 'float32' | 'int32' | 'bool',
  quantization: Quantization | undefined,
): TypedArray {
  if (!quantization) return new ARRAYS[target](bytes.buffer);
  const { dtype, scale, min } = quantization;
  const stored = new ARRAYS[dtype](bytes.buffer);
  if (dtype === 'float16') return float16ToFloat32(stored as Uint16Array);
  return target === 'int32'
    ? Int32Array.from(stored, (value) => Math.round(value * scale + min))
    : Float32Array.from(stored, (value) => value * scale + min);
}
