import { axisOf, numberOf } from '../../../graph/attributes.ts';
import { sizeOf } from '../../../tensor/region.ts';
import { type NodeView, need, output, parameter, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { deviceType, type Value } from './value.ts';

/** Repeated along each axis until it has the output's shape. The kernels repeat numbers only. */
const repeated: Rule = (view) => {
  const { emit } = view;
  const value = need(view, 0);
  const dtype = deviceType(value.type.dtype);
  const { shape } = view.outputs[0]!;
  const own = [...new Array<number>(shape.length - value.type.shape.length).fill(1), ...value.type.shape];
  const reps = shape.map((extent, axis) => extent / own[axis]!);
  const x = emit.reshape(emit.first(value), own);
  const numbers = dtype === 'bool' ? emit.emit('Cast', { x }, { dtype: 'int32' }) : x;
  const id = emit.emit('Tile', { x: numbers }, { reps });
  if (dtype !== 'bool') return [output(view, id)];
  return [output(view, emit.emit('NotEqual', { a: id, b: emit.scalar(0, 'int32') }))];
};

/** Elements by their places in the flat tensor. */
function picked(view: NodeView, value: Value, places: readonly number[]): readonly Value[] {
  const { emit } = view;
  deviceType(value.type.dtype);
  const x = emit.reshape(emit.first(value), [sizeOf(value.type.shape)]);
  const id = emit.emit('GatherV2', { x, indices: emit.indices(places) }, { axis: 0, batchDims: 0 });
  return [output(view, emit.reshape(id, view.outputs[0]!.shape))];
}

function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

const gatherElements: Rule = (view) => {
  const value = need(view, 0);
  const indices = parameter(view, 1)!;
  const { shape } = value.type;
  const axis = axisOf(numberOf(view.node, 'axis', 0), shape.length);
  const [own, strides] = [stridesOf(indices.shape), stridesOf(shape)];
  const places = Array.from(indices.data as ArrayLike<number | bigint>, (index, at) =>
    indices.shape.reduce((place, extent, each) => {
      const coordinate =
        each === axis ? checked(Number(index), shape[axis]!) : Math.floor(at / own[each]!) % extent;
      return place + coordinate * strides[each]!;
    }, 0),
  );
  return picked(view, value, places);
};

const gatherND: Rule = (view) => {
  const value = need(view, 0);
  const indices = parameter(view, 1)!;
  const { shape } = value.type;
  const batch = numberOf(view.node, 'batch_dims', 0);
  const depth = indices.shape.at(-1)!;
  const strides = stridesOf(shape);
  const each = sizeOf(shape.slice(batch + depth));
  const numbers = Array.from(indices.data as ArrayLike<number | bigint>, Number);
  const perBatch = sizeOf(indices.shape.slice(batch, -1));
  const tuples = Array.from({ length: sizeOf(indices.shape.slice(0, -1)) }, (_, at) => at);
  const places = tuples.flatMap((at) => {
    const tuple = numbers.slice(at * depth, (at + 1) * depth);
    const within = Math.floor(at / perBatch) * sizeOf(shape.slice(batch));
    const start = tuple.reduce(
      (place, index, axis) => place + checked(index, shape[batch + axis]!) * strides[batch + axis]!,
      within,
    );
    return Array.from({ length: each }, (__, offset) => start + offset);
  });
  return picked(view, value, places);
};

/** The kernel would read what lies beside the tensor. */
function checked(index: number, extent: number): number {
  const place = index < 0 ? index + extent : index;
  if (place >= 0 && place < extent) return place;
  throw new Unsupported(`the index ${index} lies outside of ${extent} elements`);
}

export const REPEATING: Rules = {
  Tile: repeated,
  Expand: repeated,
  GatherElements: gatherElements,
  GatherND: gatherND,
};
