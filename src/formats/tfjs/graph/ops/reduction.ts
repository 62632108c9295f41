import { DATA_TYPE } from '../../../../graph/data-types.ts';
import { int, ints } from '../builder.ts';
import type { Operation, TranslationFamily } from '../operation.ts';

function reduction(op: string) {
  return (operation: Operation): string[] => {
    const x = operation.input(0);
    const rank = operation.shapeOf(x).length;
    const axes = operation.numbers(1, 'list of axes').map((axis) => operation.axis(axis, rank));
    if (axes.length === 0) return [x];
    const keepdims = int(operation.attributes.flag('keep_dims') ? 1 : 0);
    // Operator set 13 has the axes of ReduceSum as an input, those of the others as an attribute.
    if (op === 'ReduceSum') return [operation.add(op, [x, operation.int64s('axes', axes)], { keepdims })];
    return [operation.add(op, [x], { keepdims, axes: ints(axes) })];
  };
}

/** The place of the largest or smallest element along one axis. */
function argument(op: string) {
  return (operation: Operation): string[] => {
    const x = operation.input(0);
    const shape = operation.shapeOf(x);
    const axis = operation.axis(operation.inputs.length > 1 ? operation.number(1, 'axis') : 0, shape.length);
    const type = { dtype: 'int64', shape: shape.toSpliced(axis, 1) } as const;
    const places = operation.add(op, [x], { axis: int(axis), keepdims: int(0) }, type);
    return [operation.add('Cast', [places], { to: int(DATA_TYPE.int32) })];
  };
}

export const REDUCTION: TranslationFamily = {
  Mean: reduction('ReduceMean'),
  Sum: reduction('ReduceSum'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
};
