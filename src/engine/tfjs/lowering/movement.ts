import { axisOf, numberOf, numbersOf, stringOf } from '../../../graph/attributes.ts';
import { attributeOrInput } from '../../../graph/operators/axes.ts';
import { cutsOf } from '../../../graph/operators/slicing.ts';
import { sizeOf } from '../../../tensor/region.ts';
import type { TensorId } from '../program.ts';
import { layoutOf, type NodeView, need, output, parameter, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { deviceType, type Layout, lastAxis } from './value.ts';

const reshaped: Rule = (view) => [view.emit.reshaped(need(view, 0), view.outputs[0]!)];

const transpose: Rule = (view) => {
  const value = need(view, 0);
  deviceType(value.type.dtype);
  const rank = value.type.shape.length;
  const order = numbersOf(view.node, 'perm') ?? value.type.shape.map((_, axis) => rank - 1 - axis);
  const perm = order.map((axis) => axisOf(axis, rank));
  return [output(view, view.emit.emit('Transpose', { x: view.emit.first(value) }, { perm }))];
};

function inLayout(layout: Layout, axis: number, rank: number): number {
  return layout === 'last' ? lastAxis(axis, rank) : axis;
}

const concat: Rule = (view) => {
  const { emit, node } = view;
  const all = view.inputs.map((_, at) => need(view, at));
  for (const { type } of all) deviceType(type.dtype);
  const values = all.filter(({ type }) => sizeOf(type.shape) > 0);
  const rank = view.outputs[0]!.shape.length;
  const axis = axisOf(numberOf(node, 'axis', 1), rank);
  if (values.length === 1) return [values[0]!];
  const layout = values.some((value) => layoutOf(value) === 'last') ? 'last' : 'first';
  const parts = values.map((value) => emit.get(value, layout));
  return [output(view, emit.emit('Concat', parts, { axis: inLayout(layout, axis, rank) }), layout)];
};

/** A box of the input. */
function sliced(
  { emit }: NodeView,
  x: TensorId,
  layout: Layout,
  start: number[],
  size: readonly number[],
): TensorId {
  const turn = (values: readonly number[]) => {
    const turned = [...values];
    values.forEach((value, axis) => {
      turned[inLayout(layout, axis, values.length)] = value;
    });
    return turned;
  };
  return emit.emit('Slice', { x }, { begin: turn(start), size: turn(size) });
}

const split: Rule = (view) => {
  const value = need(view, 0);
  deviceType(value.type.dtype);
  const rank = value.type.shape.length;
  const axis = axisOf(numberOf(view.node, 'axis', 0), rank);
  const layout = layoutOf(value);
  const x = view.emit.get(value, layout);
  let from = 0;
  return view.outputs.map((type, at) => {
    const start = new Array<number>(rank).fill(0);
    start[axis] = from;
    from += type.shape[axis]!;
    return output(view, sliced(view, x, layout, start, type.shape), layout, at);
  });
};

/** Rows of one axis by their indices. */
function taken(
  { emit }: NodeView,
  x: TensorId,
  layout: Layout,
  axis: number,
  rank: number,
  indices: number[],
): TensorId {
  const attrs = { axis: inLayout(layout, axis, rank), batchDims: 0 };
  return emit.emit('GatherV2', { x, indices: emit.indices(indices) }, attrs);
}

const slice: Rule = (view) => {
  const value = need(view, 0);
  deviceType(value.type.dtype);
  const { shape } = value.type;
  const cuts = cutsOf(view.context, shape);
  if (!cuts) throw new Unsupported('where it cuts is known only when it runs', true);
  const layout = layoutOf(value);
  let id = view.emit.get(value, layout);
  const start = new Array<number>(shape.length).fill(0);
  const size = [...shape];
  for (const cut of cuts) {
    if (cut.step !== 1) continue;
    start[cut.axis] = cut.start;
    size[cut.axis] = cut.count;
  }
  if (size.some((extent, axis) => extent !== shape[axis])) id = sliced(view, id, layout, start, size);
  for (const { axis, start: from, step, count } of cuts) {
    if (step === 1) continue;
    const indices = Array.from({ length: count }, (_, at) => from + at * step);
    id = taken(view, id, layout, axis, shape.length, indices);
  }
  return [output(view, id, layout)];
};

/** Indices must be known: the kernel would read what lies beside the tensor. */
const gather: Rule = (view) => {
  const value = need(view, 0);
  deviceType(value.type.dtype);
  const indices = parameter(view, 1)!;
  const { shape } = value.type;
  const axis = axisOf(numberOf(view.node, 'axis', 0), shape.length);
  const places = Array.from(indices.data as ArrayLike<number | bigint>, (index) =>
    axisOf(Number(index), shape[axis]!),
  );
  const id = taken(view, view.emit.first(value), 'first', axis, shape.length, places);
  return [output(view, view.emit.reshape(id, view.outputs[0]!.shape))];
};

/** What lies at a place outside of an axis, by the mode of Pad. */
function mirrored(place: number, extent: number, mode: string): number {
  if (mode === 'edge') return Math.min(Math.max(place, 0), extent - 1);
  if (mode === 'wrap') return ((place % extent) + extent) % extent;
  const period = Math.max(1, 2 * (extent - 1));
  const within = ((place % period) + period) % period;
  return within < extent ? within : period - within;
}

const pad: Rule = (view) => {
  const { node, context, emit } = view;
  const value = need(view, 0);
  deviceType(value.type.dtype);
  const { shape } = value.type;
  const mode = stringOf(node, 'mode', 'constant');
  const pads = attributeOrInput(context, 'pads', 1);
  if (!pads || pads === 'unknown') throw new Unsupported('its pads are known only when it runs', true);
  const named = parameter(view, 3);
  const axes = named
    ? Array.from(named.data as ArrayLike<number | bigint>, Number)
    : shape.map((_, axis) => axis);
  const begin = new Array<number>(shape.length).fill(0);
  const end = [...begin];
  axes.forEach((axis, at) => {
    begin[axisOf(axis, shape.length)] = pads[at]!;
    end[axisOf(axis, shape.length)] = pads[at + axes.length]!;
  });
  const layout = layoutOf(value);
  let id = emit.get(value, layout);
  if (mode !== 'constant') {
    shape.forEach((extent, axis) => {
      if (begin[axis] === 0 && end[axis] === 0) return;
      const length = extent + begin[axis]! + end[axis]!;
      const indices = Array.from({ length }, (_, at) => mirrored(at - begin[axis]!, extent, mode));
      id = taken(view, id, layout, axis, shape.length, indices);
    });
    return [output(view, id, layout)];
  }
  const least = (amount: number) => Math.max(0, -amount);
  const size = shape.map((extent, axis) => extent - least(begin[axis]!) - least(end[axis]!));
  if (size.some((extent, axis) => extent !== shape[axis]))
    id = sliced(view, id, layout, begin.map(least), size);
  const constant = parameter(view, 2);
  const paddings: number[][] = shape.map(() => []);
  shape.forEach((_, axis) => {
    const both = [Math.max(0, begin[axis]!), Math.max(0, end[axis]!)];
    paddings[inLayout(layout, axis, shape.length)] = both;
  });
  const constantValue = constant ? Number(constant.data[0] ?? 0) : numberOf(node, 'value', 0);
  if (paddings.every(([a, b]) => a === 0 && b === 0)) return [output(view, id, layout)];
  return [output(view, emit.emit('PadV2', { x: id }, { paddings, constantValue }), layout)];
};

/** Blocks of channels become squares of pixels. */
const depthToSpace: Rule = (view) => {
  const { emit, node } = view;
  const value = need(view, 0);
  deviceType(value.type.dtype);
  const block = numberOf(node, 'blocksize', 1);
  const [batch, channels, height, width] = value.type.shape as [number, number, number, number];
  const out = channels / (block * block);
  const columnsFirst = stringOf(node, 'mode', 'DCR') === 'CRD';
  const apart = columnsFirst
    ? [batch, out, block, block, height, width]
    : [batch, block, block, out, height, width];
  const perm = columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  const id = emit.emit('Transpose', { x: emit.reshape(emit.first(value), apart) }, { perm });
  return [output(view, emit.reshape(id, view.outputs[0]!.shape))];
};

/** Squares of pixels become blocks of channels, each block's place in the square first. */
const spaceToDepth: Rule = (view) => {
  const { emit, node } = view;
  const value = need(view, 0);
  deviceType(value.type.dtype);
  const block = numberOf(node, 'blocksize', 1);
  const [batch, channels, height, width] = value.type.shape as [number, number, number, number];
  const apart = [batch, channels, height / block, block, width / block, block];
  const attrs = { perm: [0, 3, 5, 1, 2, 4] };
  const id = emit.emit('Transpose', { x: emit.reshape(emit.first(value), apart) }, attrs);
  return [output(view, emit.reshape(id, view.outputs[0]!.shape))];
};

export const MOVEMENT: Rules = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
