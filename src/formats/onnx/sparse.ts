import { fromBinary } from '@bufbuild/protobuf';
import { ARRAYS, type ArrayOf, elementBytes } from '../../tensor/dtype.ts';
import { lazily } from '../../tensor/lazy.ts';
import { sizeOf } from '../../tensor/region.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { LIMITS, type ReadContext } from './context.ts';
import { SparseTensorProtoSchema } from './onnx_pb.ts';
import { decodeTensor } from './tensor-proto.ts';

/**
 * A SparseTensorProto with all its zeros; made when it is asked for. `indices` are [NNZ], places in the flat tensor, or
 * [NNZ, rank], one coordinate per axis. Throws ISO_ERR_MODEL_MALFORMED, _UNSUPPORTED and _TOO_LARGE.
 */
export function decodeSparseTensor(
  bytes: Uint8Array,
  context: ReadContext,
): { name: string; tensor: Tensor } {
  const proto = context.decode('a sparse tensor', () =>
    fromBinary(SparseTensorProtoSchema, bytes, { readUnknownFields: false }),
  );
  const { name, tensor: values } = decodeTensor(proto.values, context);
  const { tensor: indices } = decodeTensor(proto.indices, context);
  const shape = proto.dims.map(Number);
  const what = `the sparse tensor ${name}`;
  if (!values) throw context.unsupported(`${what} has an element type that Isobath does not hold`);
  const valid =
    shape.length <= LIMITS.rank && shape.every((extent) => extent >= 0 && extent <= LIMITS.extent);
  if (!valid) throw context.malformed(`${what} has the shape [${shape.join(', ')}]`);
  context.spendSparse(sizeOf(shape) * elementBytes(values.dtype));
  if (indices?.dtype !== 'int64' || values.shape.length !== 1) {
    throw context.malformed(`${what} has no list of values, or indices that are not int64`);
  }
  const places = flatPlaces(indices as Tensor<'int64'>, values.size, shape);
  if (!places) throw context.malformed(`${what} has indices that do not fit its values or its shape`);
  return { name, tensor: lazily(values.dtype, shape, () => denseElements(values, places, sizeOf(shape))) };
}

function flatPlaces(
  indices: Tensor<'int64'>,
  count: number,
  shape: readonly number[],
): Float64Array | undefined {
  const [rows, axes = 0] = indices.shape;
  const flat = indices.shape.length === 1;
  if (rows !== count || (!flat && (indices.shape.length !== 2 || axes !== shape.length))) return undefined;
  const places = Float64Array.from(indices.data, Number);
  const extents = flat ? [sizeOf(shape)] : shape;
  const strides = extents.map((_, axis) => sizeOf(extents.slice(axis + 1)));
  const result = new Float64Array(count);
  for (let at = 0; at < count; at += 1) {
    for (const [axis, extent] of extents.entries()) {
      const place = places[at * extents.length + axis]!;
      if (!(place >= 0 && place < extent)) return undefined;
      result[at]! += place * strides[axis]!;
    }
  }
  return result;
}

function denseElements(values: Tensor, places: Float64Array, size: number): ArrayOf<typeof values.dtype> {
  const dense = new ARRAYS[values.dtype](size);
  const { data } = values;
  places.forEach((place, at) => {
    dense[place] = data[at]!;
  });
  return dense;
}
