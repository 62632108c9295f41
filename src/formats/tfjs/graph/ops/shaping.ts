import { DATA_TYPE } from '../../../../graph/data-types.ts';
import { int } from '../builder.ts';
import { type Operation, type Translation, type TranslationFamily, Untranslatable } from '../operation.ts';

const passed: Translation = (operation) => operation.inputs;

function reshaped(operation: Operation): string[] {
  const x = operation.input(0);
  const shape = operation.shapeOf(x);
  const wanted = operation.numbers(1, 'shape');
  const others = wanted.filter((extent) => extent !== -1).reduce((all, extent) => all * extent, 1);
  const size = shape.reduce((all, extent) => all * extent, 1);
  const target = wanted.map((extent) => (extent === -1 ? size / others : extent));
  const fits = target.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!fits || target.reduce((all, extent) => all * extent, 1) !== size) {
    throw new Untranslatable(`cannot give [${shape}] the shape [${wanted}]`);
  }
  return [operation.reshape(x, target)];
}

function squeezed(operation: Operation): string[] {
  const x = operation.input(0);
  const shape = operation.shapeOf(x);
  const { attributes } = operation;
  const named = attributes.numbers('squeeze_dims') ?? attributes.numbers('axis');
  const axes = named?.map((axis) => operation.axis(axis, shape.length));
  const left = shape.filter((extent, axis) => !(axes ? axes.includes(axis) : extent === 1));
  return [operation.reshape(x, left)];
}

function expanded(operation: Operation): string[] {
  const x = operation.input(0);
  const shape = operation.shapeOf(x);
  const axis = operation.axis(operation.number(1, 'axis'), shape.length + 1);
  return [operation.reshape(x, shape.toSpliced(axis, 0, 1))];
}

function cast(operation: Operation): string[] {
  const x = operation.input(0);
  const to = operation.attributes.dtype('DstT');
  if (!to) throw new Untranslatable('casts to a type that is no number');
  if (operation.typeOf(x).dtype === to) return [x];
  return [operation.add('Cast', [x], { to: int(DATA_TYPE[to]) })];
}

export function broadcastTo(operation: Operation, tensor: string, shape: readonly number[]): string {
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
    throw new Untranslatable(`broadcasts to [${shape}]`);
  const { dtype, shape: own } = operation.typeOf(tensor);
  if (String(own) === String(shape)) return tensor;
  return operation.add('Expand', [tensor, operation.int64s('extents', shape)], {}, { dtype, shape });
}

export const SHAPING: TranslationFamily = {
  Identity: passed,
  IdentityN: passed,
  StopGradient: passed,
  PreventGradient: passed,
  CheckNumerics: passed,
  EnsureShape: passed,
  Snapshot: passed,
  PlaceholderWithDefault: passed,
  Reshape: reshaped,
  Squeeze: squeezed,
  ExpandDims: expanded,
  Cast: cast,
  BroadcastTo: (operation) => [broadcastTo(operation, operation.input(0), operation.numbers(1, 'shape'))],
  Transpose: (operation) => [operation.transpose(operation.input(0), operation.numbers(1, 'order of axes'))],
};
