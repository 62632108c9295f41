import { int } from '../builder.ts';
import { type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';

/** The axis is the last input of ConcatV2 and the first of its forerunner. */
function concatenated(operation: Operation, axisAt: number, parts: readonly string[]): string[] {
  const rank = operation.shapeOf(parts[0] ?? '').length;
  const axis = operation.axis(operation.number(axisAt, 'axis'), rank);
  return parts.length === 1 ? [parts[0]!] : [operation.add('Concat', parts, { axis: int(axis) })];
}

function packed(operation: Operation): string[] {
  const { inputs } = operation;
  const rank = operation.shapeOf(operation.input(0)).length;
  const axis = operation.axis(operation.attributes.number('axis', 0), rank + 1);
  const raised = inputs.map((x) => operation.reshape(x, operation.shapeOf(x).toSpliced(axis, 0, 1)));
  return raised.length === 1 ? raised : [operation.add('Concat', raised, { axis: int(axis) })];
}

function split(
  operation: Operation,
  x: string,
  axisAt: number,
  sizes: readonly number[] | undefined,
): string[] {
  const shape = operation.shapeOf(x);
  const axis = operation.axis(operation.number(axisAt, 'axis'), shape.length);
  const extent = shape[axis]!;
  const count = operation.attributes.number('num_split', sizes?.length ?? 1);
  if (!(count >= 1 && count <= extent)) throw new Untranslatable(`splits ${extent} into ${count} parts`);
  const open = extent - (sizes ?? []).reduce((sum, size) => sum + Math.max(0, size), 0);
  const parts = sizes
    ? sizes.map((size) => (size < 0 ? open : size))
    : new Array<number>(count).fill(extent / count);
  if (!parts.every(Number.isInteger) || parts.reduce((sum, part) => sum + part, 0) !== extent) {
    throw new Untranslatable(`splits ${extent} into [${parts}]`);
  }
  if (parts.length === 1) return [x];
  return operation.addMany('Split', [x, operation.int64s('sizes', parts)], parts.length, { axis: int(axis) });
}

function unpacked(operation: Operation): string[] {
  const x = operation.input(0);
  const shape = operation.shapeOf(x);
  const axis = operation.axis(operation.attributes.number('axis', 0), shape.length);
  const extent = shape[axis]!;
  const left = shape.toSpliced(axis, 1);
  if (extent > 4096) throw new Untranslatable(`unpacks ${extent} tensors`);
  const sizes = operation.int64s('sizes', new Array<number>(extent).fill(1));
  const parts = extent === 1 ? [x] : operation.addMany('Split', [x, sizes], extent, { axis: int(axis) });
  return parts.map((part) => operation.reshape(part, left));
}

export const JOINING: TranslationFamily = {
  ConcatV2: (operation) =>
    concatenated(operation, operation.inputs.length - 1, operation.inputs.slice(0, -1)),
  Concat: (operation) => concatenated(operation, 0, operation.inputs.slice(1)),
  Pack: packed,
  Unpack: unpacked,
  Split: (operation) => split(operation, operation.input(1), 0, undefined),
  SplitV: (operation) => split(operation, operation.input(0), 2, operation.numbers(1, 'list of sizes')),
};
