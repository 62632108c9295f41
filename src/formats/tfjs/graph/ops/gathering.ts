import { DATA_TYPE } from '../../../../graph/data-types.ts';
import { int } from '../builder.ts';
import { integers, type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';
import { broadcastTo } from './shaping.ts';

function gathered(operation: Operation, axis: number): string[] {
  if (operation.attributes.number('batch_dims', 0) !== 0) throw new Untranslatable('has batch_dims');
  const [x, indices] = [operation.input(0), operation.input(1)];
  const rank = operation.shapeOf(x).length;
  return [operation.add('Gather', [x, indices], { axis: int(operation.axis(axis, rank)) })];
}

/** tfjs counts in int32, ONNX wants int64. */
function indices64(operation: Operation, at: number): string {
  return operation.add('Cast', [operation.input(at)], { to: int(DATA_TYPE.int64) });
}

function gatheredAtPoints(operation: Operation): string[] {
  return [operation.add('GatherND', [operation.input(0), indices64(operation, 1)])];
}

/** What is put together of constants is a constant: shapes are made so. Undefined where an input is none, or is large. */
function scatteredConstant(operation: Operation, shape: readonly number[]): string | undefined {
  const [indices, values, otherwise] = [0, 2, 3].map((at) =>
    operation.inputs[at] === undefined ? undefined : operation.builder.value(operation.inputs[at]),
  );
  const [size] = shape;
  if (shape.length !== 1 || size === undefined || !(size <= 4096)) return undefined;
  if (values?.dtype !== 'int32' || !indices || (operation.inputs[3] !== undefined && !otherwise))
    return undefined;
  const made = new Array<number>(size).fill(Number(otherwise?.data[0] ?? 0));
  for (const [at, place] of Array.from(indices.data as ArrayLike<number>, Number).entries()) {
    if (!(place >= 0 && place < size)) throw new Untranslatable(`writes element ${place} of ${size}`);
    made[place] = Number(values.data[values.size === 1 ? 0 : at]);
  }
  return operation.constant('value', integers([size], made));
}

/** `values` at the places `indices` ([count, rank], or one list for one axis) of a tensor that is `otherwise` elsewhere. */
function scatteredAtPoints(
  operation: Operation,
  inputs: { readonly indices: number; readonly values: string; readonly shape: readonly number[] },
  otherwise: string,
): string[] {
  const { shape, values } = inputs;
  const size = shape.reduce((all, extent) => all * extent, 1);
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0) || size > 2 ** 28) {
    throw new Untranslatable(`scatters into [${shape}]`);
  }
  const given = operation.shapeOf(operation.input(inputs.indices));
  const points = indices64(operation, inputs.indices);
  const listed =
    given.length < 2
      ? operation.reshape(points, shape.length === 1 ? [given[0] ?? 1, 1] : [1, given[0] ?? 1])
      : points;
  const sizes = [operation.shapeOf(listed)[0]!, ...shape.slice(operation.shapeOf(listed)[1]!)];
  const base = broadcastTo(operation, otherwise, shape);
  return [operation.add('ScatterND', [base, listed, broadcastTo(operation, values, sizes)])];
}

/** The largest elements of the last axis, the largest first, and their places. */
function largest(operation: Operation): string[] {
  const x = operation.input(0);
  const { dtype, shape } = operation.typeOf(x);
  const count = operation.number(1, 'number of elements');
  const extent = shape.at(-1) ?? 0;
  if (!(count >= 0 && count <= extent)) throw new Untranslatable(`takes ${count} of ${extent} elements`);
  const made = { dtype, shape: shape.with(-1, count) };
  const places = { dtype: 'int64', shape: made.shape } as const;
  const outputs = operation.builder.add(
    operation.node.name,
    'TopK',
    [x, operation.int64s('k', [count])],
    { axis: int(-1) },
    [made, places],
  );
  return [outputs[0]!, operation.add('Cast', [outputs[1]!], { to: int(DATA_TYPE.int32) })];
}

export const GATHERING: TranslationFamily = {
  GatherV2: (operation) => gathered(operation, operation.number(2, 'axis')),
  Gather: (operation) => gathered(operation, 0),
  TopKV2: largest,
  GatherNd: gatheredAtPoints,
  SparseToDense: (operation) => {
    const shape = operation.numbers(1, 'shape');
    const constant = scatteredConstant(operation, shape);
    if (constant !== undefined) return [constant];
    const inputs = { indices: 0, values: operation.input(2), shape };
    const zero = () => operation.scalar('zero', 0, inputs.values);
    return scatteredAtPoints(operation, inputs, operation.inputs[3] ?? zero());
  },
  TensorScatterUpdate: (operation) => {
    const [x, values] = [operation.input(0), operation.input(2)];
    return scatteredAtPoints(operation, { indices: 1, values, shape: operation.shapeOf(x) }, x);
  },
};
