import type { TensorType } from '../../tensor/tensor.ts';
import { closedShape, type Dimension, symbolSizes } from '../open-dimensions.ts';
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
 * The types of the graph's inputs with every dimension closed, as `closedShape` does it, and the sizes that symbols stand
 * for. `shapes` are those that the user gives, by input.
 */
export function inputTypes(
  inputs: readonly ValueInfoProto[],
  shapes: Readonly<Record<string, readonly number[]>>,
  context: ReadContext,
): { types: ReadonlyMap<string, TensorType>; symbols: ReadonlyMap<string, number> } {
  const declared = inputs.map(({ name, type }) => ({
    name,
    dtype: elementTypeOf(tensorTypeOf(type)?.elemType ?? 0),
    dimensions: dimensionsOf(type, context),
    override: Object.hasOwn(shapes, name) ? shapes[name] : undefined,
  }));
  const symbols = symbolSizes(declared);
  const types = new Map<string, TensorType>();
  for (const { name, dtype, dimensions, override } of declared) {
    if (!dtype) throw context.unsupported(`the input ${name} is not a tensor of numbers`);
    types.set(name, { dtype, shape: closedShape(name, dimensions, override, symbols) });
  }
  return { types, symbols };
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
