import { DATA_TYPE } from '../../../../graph/data-types.ts';
import { int } from '../builder.ts';
import { type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';
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

export const GATHERING: TranslationFamily = {
  GatherV2: (operation) => gathered(operation, operation.number(2, 'axis')),
  Gather: (operation) => gathered(operation, 0),
  GatherNd: gatheredAtPoints,
  SparseToDense: (operation) => {
    const shape = operation.numbers(1, 'shape');
    const inputs = { indices: 0, values: operation.input(2), shape };
    const zero = () => operation.scalar('zero', 0, inputs.values);
    return scatteredAtPoints(operation, inputs, operation.inputs[3] ?? zero());
  },
  TensorScatterUpdate: (operation) => {
    const [x, values] = [operation.input(0), operation.input(2)];
    return scatteredAtPoints(operation, { indices: 1, values, shape: operation.shapeOf(x) }, x);
  },
};
