/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = {
  undefined: 0,
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  typeProto: 13,
  typeProtos: 14,
} as const;

/** TensorProto.DataLocation. */
export const DATA_LOCATION = { default: 0, external: 1 } as const;

/** TensorProto's fields that hold elements; which one depends on the element type. */
export const DATA_FIELD = {
  float: 4,
  int32: 5,
  string: 6,
  int64: 7,
  raw: 9,
  double: 10,
  uint64: 11,
} as const;

/** Protobuf wire types. */
export const WIRE = { varint: 0, bit64: 1, bytes: 2, bit32: 5 } as const;
