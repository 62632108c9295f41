import type { TypedArray } from '../tensor/dtype.ts';

/**
 * The array in memory of its own, which can move to the thread: posting a view would copy all of its buffer. A buffer
 * can move only once, so an input that is given twice is copied for the second time.
 */
export function movable(data: TypedArray, consume: boolean, taken: Set<ArrayBufferLike>): TypedArray {
  const whole = data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer;
  if (!consume || !whole || taken.has(data.buffer)) return data.slice() as TypedArray;
  taken.add(data.buffer);
  return data;
}

export function ownCopy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
