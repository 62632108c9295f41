import { IsobathError } from '../base/errors.ts';

/** A dimension as a model declares it: a size, a symbol such as `batch`, or nothing at all. */
export type Dimension = number | string | undefined;

/** No model has more axes, or more elements along one; to the power of `rank` it is still a finite number. */
export const SHAPE_LIMITS = { rank: 32, extent: 2 ** 31 } as const;

/**
 * `shape`, which the user gives to the input, where the model leaves open what it declares otherwise; `dimensions` is
 * undefined where even their number is open. Throws ISO_ERR_INPUT_MISMATCH.
 */
function overriddenShape(
  name: string,
  dimensions: readonly Dimension[] | undefined,
  shape: readonly number[],
): readonly number[] {
  const fits =
    shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0 && extent <= SHAPE_LIMITS.extent) &&
    shape.length <= SHAPE_LIMITS.rank &&
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

/** A zero batch is how some exporters write an open one. */
function isOpen(dimension: Dimension, axis: number): boolean {
  return typeof dimension !== 'number' || (axis === 0 && dimension === 0);
}

/** What exporters write for an axis without a name: two such axes have nothing in common. */
const NO_NAMES: ReadonlySet<string> = new Set(['', 'None', 'none', '?', '-1']);

/** What a model declares of an input, and the shape that the user gives to it. */
export interface DeclaredInput {
  readonly dimensions: readonly Dimension[] | undefined;
  readonly override: readonly number[] | undefined;
}

/**
 * The size of each symbol. Shapes that the user gives tell it; otherwise a symbol that is the first axis of an input, and
 * of none the first and another one, is the batch, which is 1. A symbol that the user's shapes give several sizes is no name of one size,
 * so it has none.
 */
export function symbolSizes(inputs: readonly DeclaredInput[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, Set<number>>();
  const named = (dimension: Dimension): dimension is string =>
    typeof dimension === 'string' && !NO_NAMES.has(dimension);
  const tell = (symbol: string, size: number) => {
    const told = sizes.get(symbol);
    if (told) told.add(size);
    else sizes.set(symbol, new Set([size]));
  };
  for (const { dimensions = [], override } of inputs) {
    dimensions.forEach((dimension, axis) => {
      const size = override?.[axis];
      if (named(dimension) && size !== undefined) tell(dimension, size);
    });
  }
  const starts = inputs.map(({ dimensions: [batch, ...others] = [] }) => ({ batch, others }));
  const plane = new Set(starts.flatMap(({ batch, others }) => (others.includes(batch) ? [batch] : [])));
  for (const { batch } of starts) {
    if (named(batch) && !plane.has(batch) && !sizes.has(batch)) tell(batch, 1);
  }
  const single = [...sizes].filter(([, told]) => told.size === 1);
  return new Map(single.map(([symbol, [size]]) => [symbol, size!]));
}

/**
 * An input's shape with every dimension closed: by `override`, else a symbol has the size that `symbols` gives it, and
 * another open first dimension (the batch) is 1. Throws ISO_ERR_MODEL_DYNAMIC_SHAPE where other dimensions are open, and
 * ISO_ERR_INPUT_MISMATCH.
 */
export function closedShape(
  input: string,
  dimensions: readonly Dimension[] | undefined,
  override: readonly number[] | undefined,
  symbols: ReadonlyMap<string, number> = new Map(),
): readonly number[] {
  const shape = override
    ? overriddenShape(input, dimensions, override)
    : dimensions?.map((dimension, axis) => closed(dimension, axis, symbols));
  if (shape?.every((extent) => extent !== undefined)) return shape;
  const dims = dimensions
    ? `[${dimensions.map((dimension) => dimension ?? '?').join(', ')}]`
    : 'of any number';
  const sizes = dimensions ?? [1, 3, undefined, undefined];
  const example = sizes.map((dimension, axis) => closed(dimension, axis, symbols) ?? 224).join(',');
  throw IsobathError.of('ISO_ERR_MODEL_DYNAMIC_SHAPE', { input, dims, example });
}

function closed(
  dimension: Dimension,
  axis: number,
  symbols: ReadonlyMap<string, number>,
): number | undefined {
  if (axis === 0 && isOpen(dimension, axis) && typeof dimension !== 'string') return 1;
  if (typeof dimension !== 'string') return dimension;
  return symbols.get(dimension) ?? (axis === 0 ? 1 : undefined);
}
