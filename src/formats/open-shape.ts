import { IsobathError } from '../base/errors.ts';

/** A dimension as a model declares it: a size, a symbol such as `batch`, or nothing at all. */
export type Dimension = number | string | undefined;

/** As many dimensions, and as large ones, as a tensor may have. */
const MAX_RANK = 32;
const MAX_EXTENT = 2 ** 31;

/**
 * An input's shape with every dimension closed: by `override`, else an open or zero first dimension (the batch) is 1,
 * and a symbol has the size that `symbols` gives it. Throws ISO_ERR_MODEL_DYNAMIC_SHAPE where other dimensions are open,
 * ISO_ERR_INPUT_MISMATCH where `override` contradicts the model.
 */
export function closedShape(
  input: string,
  dimensions: readonly Dimension[] | undefined,
  override: readonly number[] | undefined,
  symbols: ReadonlyMap<string, number> = new Map(),
): readonly number[] {
  const shape = override
    ? overridden(input, dimensions, override)
    : dimensions?.map((dimension, axis) => closed(dimension, axis, symbols));
  if (shape?.every((extent) => extent !== undefined)) return shape;
  const dims = dimensions ? `[${dimensions.map((dimension) => dimension ?? '?').join(', ')}]` : '[...]';
  throw IsobathError.of('ISO_ERR_MODEL_DYNAMIC_SHAPE', { input, dims });
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

function overridden(
  name: string,
  dimensions: readonly Dimension[] | undefined,
  shape: readonly number[],
): readonly number[] {
  const fits =
    shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0 && extent <= MAX_EXTENT) &&
    shape.length <= MAX_RANK &&
    (!dimensions ||
      (dimensions.length === shape.length &&
        dimensions.every((dimension, axis) => isOpen(dimension, axis) || dimension === shape[axis])));
  if (fits) return shape;
  const want = dimensions ? dimensions.map((dimension) => dimension ?? '?').join(', ') : 'any shape';
  throw IsobathError.of('ISO_ERR_INPUT_MISMATCH', {
    input: name,
    got: `the shape [${shape.join(', ')}]`,
    want: `[${want}]`,
  });
}

function isOpen(dimension: Dimension, axis: number): boolean {
  return typeof dimension !== 'number' || (axis === 0 && dimension === 0);
}
