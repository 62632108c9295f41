import type { TensorType } from '../../tensor/tensor.ts';
import { closedShape, type Dimension } from '../open-dimensions.ts';
import { elementTypeOf } from './bfloat16.ts';
import { LIMITS, type ReadContext } from './context.ts';
import type { TypeProto, TypeProto_Tensor, ValueInfoProto } from './onnx_pb.ts';

/** The declared dimensions; undefined where even their number is open, or the value is no tensor. */
function dimensionsOf(type: TypeProto | undefined, context: ReadContext): Dimension[] | undefined {
  const shape = tensorTypeOf(type)?.shape;
  if (!shape) return undefined;
  if (shape.dim.length > LIMITS.rank) throw context.malformed('a value has too many dimensions');
  return shape.dim.map(({ value }) => {
    if (value.case === 'dimParam') return value.value === '' ? undefined : value.value;
    const extent = value.case === 'dimValue' ? Number(value.value) : -1;
    if (extent > LIMITS.extent) throw context.malformed(`a value has a dimension of ${extent}`);
    return extent < 0 ? undefined : extent;
  });
}

function tensorTypeOf(type: TypeProto | undefined): TypeProto_Tensor | undefined {
  return type?.value.case === 'tensorType' ? type.value.value : undefined;
}

/**
 * The type of a graph input with every dimension closed, as `closedShape` does it. Sizes that symbols stand for are
 * written to `symbols`.
 */
export function inputType(
  input: ValueInfoProto,
  override: readonly number[] | undefined,
  symbols: Map<string, number>,
  context: ReadContext,
): TensorType {
  const dtype = elementTypeOf(tensorTypeOf(input.type)?.elemType ?? 0);
  if (!dtype) throw context.unsupported(`the input ${input.name} is not a tensor of numbers`);
  const dimensions = dimensionsOf(input.type, context);
  const shape = closedShape(input.name, dimensions, override, symbols);
  for (const [axis, dimension] of (dimensions ?? []).entries()) {
    if (typeof dimension === 'string') symbols.set(dimension, shape[axis]!);
  }
  return { dtype, shape };
}

/** The declared type of a value inside the graph; undefined where it is open, or not a tensor that we hold. */
export function declaredType(
  value: ValueInfoProto,
  symbols: ReadonlyMap<string, number>,
  context: ReadContext,
): TensorType | undefined {
  const dtype = elementTypeOf(tensorTypeOf(value.type)?.elemType ?? 0);
  const shape = dimensionsOf(value.type, context)?.map((dimension) =>
    typeof dimension === 'string' ? symbols.get(dimension) : dimension,
  );
  if (!dtype || !shape?.every((extent) => extent !== undefined)) return undefined;
  return { dtype, shape };
}
