import { IsobathError } from '../../base/errors.ts';
import { dtypeOf } from '../../graph/data-types.ts';
import type { TensorType } from '../../tensor/tensor.ts';
import { type Dimension, overriddenShape } from '../open-dimensions.ts';
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
 * The type of a graph input with every dimension closed: by `override`, else an open or zero first dimension (the
 * batch) is 1. Sizes that symbols stand for are written to `symbols`. Throws ISO_ERR_MODEL_DYNAMIC_SHAPE where other
 * dimensions are open, ISO_ERR_INPUT_MISMATCH where `override` contradicts the model.
 */
export function inputType(
  input: ValueInfoProto,
  override: readonly number[] | undefined,
  symbols: Map<string, number>,
  context: ReadContext,
): TensorType {
  const dtype = dtypeOf(tensorTypeOf(input.type)?.elemType ?? 0);
  if (!dtype) throw context.unsupported(`the input ${input.name} is not a tensor of numbers`);
  const dimensions = dimensionsOf(input.type, context);
  const shape = override
    ? overriddenShape(input.name, dimensions, override)
    : dimensions?.map((dimension, axis) => closed(dimension, axis, symbols));
  if (!shape || shape.some((extent) => extent === undefined)) {
    const dims = dimensions ? `[${dimensions.map((dimension) => dimension ?? '?').join(', ')}]` : '[...]';
    throw IsobathError.of('ISO_ERR_MODEL_DYNAMIC_SHAPE', { input: input.name, dims });
  }
  for (const [axis, dimension] of (dimensions ?? []).entries()) {
    if (typeof dimension === 'string') symbols.set(dimension, shape[axis]!);
  }
  return { dtype, shape: shape as number[] };
}

function closed(
  dimension: Dimension,
  axis: number,
  symbols: ReadonlyMap<string, number>,
): number | undefined {
  // A zero batch is how some exporters write an open one.
  if (axis === 0 && (dimension === undefined || dimension === 0)) return 1;
  if (typeof dimension !== 'string') return dimension;
  return symbols.get(dimension) ?? (axis === 0 ? 1 : undefined);
}

/** The declared type of a value inside the graph; undefined where it is open, or not a tensor that we hold. */
export function declaredType(
  value: ValueInfoProto,
  symbols: ReadonlyMap<string, number>,
  context: ReadContext,
): TensorType | undefined {
  const dtype = dtypeOf(tensorTypeOf(value.type)?.elemType ?? 0);
  const shape = dimensionsOf(value.type, context)?.map((dimension) =>
    typeof dimension === 'string' ? symbols.get(dimension) : dimension,
  );
  if (!dtype || !shape?.every((extent) => extent !== undefined)) return undefined;
  return { dtype, shape };
}
