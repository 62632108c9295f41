import type { DType } from '../tensor/dtype.ts';

/** TensorProto.DataType: the numbers that the ONNX standard gives to the element types we hold, as a Cast names them. */
export const DATA_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
} as const satisfies Record<DType, number>;

const DTYPE_OF: ReadonlyMap<number, DType> = new Map(
  Object.entries(DATA_TYPE).map(([dtype, number]) => [number, dtype as DType]),
);

/** Undefined for the types that Isobath does not hold: strings, complex numbers, float8, int4, and bfloat16 (the reader makes it float32). */
export function dtypeOf(number: number): DType | undefined {
  return DTYPE_OF.get(number);
}
