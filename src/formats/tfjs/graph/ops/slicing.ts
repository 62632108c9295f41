import { Tensor, type TensorType } from '../../../../tensor/tensor.ts';
import { int, text } from '../builder.ts';
import { type Operation, type TranslationFamily, Untranslatable } from '../operation.ts';

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Past the front, for a cut that goes backwards to the first element. */
const BEFORE_ALL = -(2 ** 31);
const AFTER_ALL = 2 ** 31 - 1;

function cut(operation: Operation, x: string, cuts: readonly Cut[]): string {
  const shape = operation.shapeOf(x);
  const real = cuts.filter(({ axis, start, end, step }) => start !== 0 || end < shape[axis]! || step !== 1);
  if (real.length === 0) return x;
  const lists = [
    real.map(({ start }) => start),
    real.map(({ end }) => end),
    real.map(({ axis }) => axis),
    real.map(({ step }) => step),
  ];
  const names = ['starts', 'ends', 'axes', 'steps'];
  return operation.add('Slice', [x, ...lists.map((list, at) => operation.int64s(names[at]!, list))]);
}

function sliced(operation: Operation): string[] {
  const x = operation.input(0);
  const shape = operation.shapeOf(x);
  const [begin, size] = [operation.numbers(1, 'begin'), operation.numbers(2, 'size')];
  const cuts = shape.map((extent, axis) => {
    const start = begin[axis] ?? 0;
    const count = size[axis] ?? -1;
    return { axis, start, end: count < 0 ? extent : start + count, step: 1 };
  });
  return [cut(operation, x, cuts)];
}

/**
 * Begin, end and step per entry, where the bits of five masks say otherwise: an end is open, an entry stands for all axes
 * that the others leave (ellipsis), adds an axis of one element, or takes one element and drops the axis.
 */
function strided(operation: Operation): string[] {
  const x = operation.input(0);
  const shape = operation.shapeOf(x);
  const [begin, end, step] = [1, 2, 3].map((at) => operation.numbers(at, 'list of bounds')) as [
    number[],
    number[],
    number[],
  ];
  const mask = (name: string) => {
    const bits = operation.attributes.number(`${name}_mask`, 0);
    return (entry: number) => Math.floor(bits / 2 ** entry) % 2 === 1;
  };
  const [openBegin, openEnd, ellipsis, fresh, dropped] = [
    'begin',
    'end',
    'ellipsis',
    'new_axis',
    'shrink_axis',
  ].map(mask) as [
    (entry: number) => boolean,
    (entry: number) => boolean,
    (entry: number) => boolean,
    (entry: number) => boolean,
    (entry: number) => boolean,
  ];
  const entries = begin.map((_, entry) => entry);
  const used = entries.filter((entry) => !ellipsis(entry) && !fresh(entry)).length;
  if (used > shape.length) throw new Untranslatable(`takes ${used} axes of ${shape.length}`);
  const cuts: Cut[] = [];
  // What each axis of the result is: an axis of x, or undefined for one that is added.
  const result: (number | undefined)[] = [];
  let axis = 0;
  for (const entry of entries) {
    if (ellipsis(entry)) {
      for (const last = axis + shape.length - used; axis < last; axis += 1) result.push(axis);
    } else if (fresh(entry)) {
      result.push(undefined);
    } else {
      const extent = shape[axis]!;
      const by = step[entry]!;
      if (dropped(entry)) {
        const start = begin[entry]! < 0 ? begin[entry]! + extent : begin[entry]!;
        if (start < 0 || start >= extent) throw new Untranslatable(`takes element ${start} of ${extent}`);
        cuts.push({ axis, start, end: start + 1, step: 1 });
      } else {
        const start = openBegin(entry) ? (by > 0 ? 0 : AFTER_ALL) : begin[entry]!;
        const stop = openEnd(entry) ? (by > 0 ? AFTER_ALL : BEFORE_ALL) : end[entry]!;
        cuts.push({ axis, start, end: stop < 0 && by > 0 ? Math.max(0, stop + extent) : stop, step: by });
        result.push(axis);
      }
      axis += 1;
    }
  }
  for (; axis < shape.length; axis += 1) result.push(axis);
  const made = cut(operation, x, cuts);
  const extents = operation.shapeOf(made);
  const target = result.map((from) => (from === undefined ? 1 : extents[from]!));
  return [String(target) === String(extents) ? made : operation.reshape(made, target)];
}

/** `paddings` are pairs, before and after, per axis. */
function padded(operation: Operation, mode: string, value: string | undefined): string[] {
  const x = operation.input(0);
  const pairs = operation.numbers(1, 'list of paddings');
  if (pairs.every((pad) => pad === 0)) return [x];
  const before = pairs.filter((_, at) => at % 2 === 0);
  const after = pairs.filter((_, at) => at % 2 === 1);
  const inputs = [
    x,
    operation.int64s('pads', [...before, ...after]),
    ...(value === undefined ? [] : [value]),
  ];
  return [operation.add('Pad', inputs, { mode: text(mode) })];
}

function mirrored(operation: Operation): string[] {
  const mode = operation.attributes.text('mode', 'REFLECT').toUpperCase();
  if (mode === 'REFLECT') return padded(operation, 'reflect', undefined);
  if (mode === 'SYMMETRIC') return [mirroredWithEdges(operation)];
  throw new Untranslatable(`pads in the mode ${mode}`);
}

/** The outermost element is repeated, too, for which ONNX has no mode: axis by axis, turned strips on both sides. */
function mirroredWithEdges(operation: Operation): string {
  const pairs = operation.numbers(1, 'list of paddings');
  return operation.shapeOf(operation.input(0)).reduce((x, extent, axis) => {
    const [before, after] = [pairs[2 * axis] ?? 0, pairs[2 * axis + 1] ?? 0];
    if (![before, after].every((pad) => pad >= 0 && pad <= extent)) {
      throw new Untranslatable(`mirrors ${before} and ${after} of ${extent} elements`);
    }
    const strip = (start: number, end: number) => cut(operation, x, [{ axis, start, end, step: -1 }]);
    const parts = [
      ...(before > 0 ? [strip(before - 1, BEFORE_ALL)] : []),
      x,
      ...(after > 0 ? [strip(extent - 1, after === extent ? BEFORE_ALL : extent - 1 - after)] : []),
    ];
    return parts.length === 1 ? x : operation.add('Concat', parts, { axis: int(axis) });
  }, operation.input(0));
}

function tiled(operation: Operation): string[] {
  const x = operation.input(0);
  const { dtype, shape } = operation.typeOf(x);
  const times = operation.numbers(1, 'list of multiples');
  if (times.length !== shape.length || !times.every((each) => Number.isSafeInteger(each) && each >= 0)) {
    throw new Untranslatable(`repeats [${shape}] by [${times}]`);
  }
  if (times.every((each) => each === 1)) return [x];
  const type: TensorType = { dtype, shape: shape.map((extent, axis) => extent * times[axis]!) };
  return [operation.add('Tile', [x, operation.int64s('repeats', times)], {}, type)];
}

function reversed(operation: Operation): string[] {
  const x = operation.input(0);
  const rank = operation.shapeOf(x).length;
  const axes = operation.numbers(1, 'list of axes').map((axis) => operation.axis(axis, rank));
  return [
    cut(
      operation,
      x,
      axes.map((axis) => ({ axis, start: AFTER_ALL, end: BEFORE_ALL, step: -1 })),
    ),
  ];
}

function filled(operation: Operation, shape: readonly number[], value: number, like: string): string[] {
  const { dtype } = operation.typeOf(like);
  const one =
    dtype === 'float32' ? Tensor.float32([1], [value]) : Tensor.of('int32', [1], Int32Array.of(value));
  if (dtype !== 'float32' && dtype !== 'int32') throw new Untranslatable(`fills with ${dtype}`);
  const sizes = operation.int64s('shape', shape);
  return [operation.add('ConstantOfShape', [sizes], { value: { type: 'tensor', value: one } })];
}

const likewise = (value: number) => (operation: Operation) =>
  filled(operation, operation.shapeOf(operation.input(0)), value, operation.input(0));

export const SLICING: TranslationFamily = {
  Slice: sliced,
  StridedSlice: strided,
  Pad: (operation) => padded(operation, 'constant', undefined),
  PadV2: (operation) => padded(operation, 'constant', operation.input(2)),
  MirrorPad: mirrored,
  Tile: tiled,
  ReverseV2: reversed,
  Fill: (operation) =>
    filled(operation, operation.numbers(0, 'shape'), operation.number(1, 'value'), operation.input(1)),
  ZerosLike: likewise(0),
  OnesLike: likewise(1),
};
