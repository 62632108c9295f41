import { axisOf, numberOf, numbersOf, stringOf } from '../../../graph/attributes.ts';
import { hasInput } from '../../../graph/operators/spec.ts';
import type { TensorId } from '../program.ts';
import { layoutOf, type NodeView, need, output, parameter, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { deviceType, lastAxis, needFloat } from './value.ts';

/** How an axis is resized. */
interface Axis {
  readonly extent: number;
  readonly out: number;
  readonly scale: number;
}

/** The place in the input that an output element is taken from. */
function sourceOf(mode: string, { extent, out, scale }: Axis): (at: number) => number {
  switch (mode) {
    case 'asymmetric':
      return (at) => at / scale;
    case 'align_corners':
      return (at) => (out === 1 ? 0 : (at * (extent - 1)) / (out - 1));
    case 'half_pixel':
      return (at) => (at + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return (at) => (out > 1 ? (at + 0.5) / scale - 0.5 : 0);
    case 'half_pixel_symmetric': {
      const adjustment = out / (scale * extent);
      const offset = (extent / 2) * (1 - adjustment);
      return (at) => offset + (at + 0.5) / scale - 0.5;
    }
    default:
      throw new Unsupported(`its coordinates are ${mode}`);
  }
}

const ROUND: Readonly<Record<string, (place: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** The scale of each axis that changes, by axis. */
function axesOf(view: NodeView): Map<number, Axis> {
  const { node, opset, context } = view;
  const { shape } = need(view, 0).type;
  const out = view.outputs[0]!.shape;
  const named =
    numbersOf(node, 'axes')?.map((axis) => axisOf(axis, shape.length)) ?? shape.map((_, axis) => axis);
  const at = opset < 11 ? 1 : 2;
  const written = numbersOf(node, 'scales');
  const sized = hasInput(context, 3) && (parameter(view, 3)?.size ?? 0) > 0;
  const scales = sized || !hasInput(context, at) ? undefined : parameter(view, at);
  const axes = new Map<number, Axis>();
  shape.forEach((extent, axis) => {
    const given = scales
      ? Number(scales.data[named.indexOf(axis)] ?? 1)
      : (written?.[axis] ?? out[axis]! / extent);
    if (out[axis] !== extent || given !== 1) axes.set(axis, { extent, out: out[axis]!, scale: given });
  });
  return axes;
}

const resize: Rule = (view) => {
  const { emit, node, opset } = view;
  const value = need(view, 0);
  const mode = stringOf(node, 'mode', 'nearest');
  if (mode === 'nearest') deviceType(value.type.dtype);
  else needFloat(value);
  if (mode !== 'nearest' && mode !== 'linear') throw new Unsupported(`its mode is ${mode}`);
  if (numberOf(node, 'antialias', 0) !== 0) throw new Unsupported('it is antialiased');
  const coordinates =
    opset < 11 ? 'asymmetric' : stringOf(node, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = opset < 11 ? 'floor' : stringOf(node, 'nearest_mode', 'round_prefer_floor');
  const round = ROUND[rounding];
  if (!round) throw new Unsupported(`its nearest_mode is ${rounding}`);
  const layout = layoutOf(value);
  const rank = value.type.shape.length;
  let id = emit.get(value, layout);
  for (const [axis, each] of axesOf(view)) {
    const source = sourceOf(coordinates, each);
    const places = Array.from({ length: each.out }, (_, at) => source(at));
    const within = (place: number) => Math.min(Math.max(place, 0), each.extent - 1);
    const own = layout === 'last' ? lastAxis(axis, rank) : axis;
    const take = (indices: number[]): TensorId =>
      emit.emit('GatherV2', { x: id, indices: emit.indices(indices) }, { axis: own, batchDims: 0 });
    if (mode === 'nearest') {
      id = take(places.map((place) => within(round(place))));
      continue;
    }
    const clamped = places.map(within);
    const low = take(clamped.map(Math.floor));
    const high = take(clamped.map((place) => within(Math.floor(place) + 1)));
    const along = new Array<number>(rank).fill(1);
    along[own] = each.out;
    const weights = emit.floats(along, () => clamped.map((place) => place - Math.floor(place)));
    const step = emit.emit('Multiply', { a: emit.emit('Sub', { a: high, b: low }), b: weights });
    id = emit.emit('Add', { a: low, b: step });
  }
  return [output(view, id, layout)];
};

export const RESIZE: Rules = { Resize: resize, Upsample: resize };
