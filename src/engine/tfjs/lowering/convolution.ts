import { numberOf } from '../../../graph/attributes.ts';
import { transposed } from '../../../graph/folding/movement.ts';
import { windowOf } from '../../../graph/window.ts';
import { sizeOf } from '../../../tensor/region.ts';
import { Tensor } from '../../../tensor/tensor.ts';
import type { TensorId } from '../program.ts';
import { withHoles } from './filters.ts';
import { plane, unplaned } from './plane.ts';
import { type NodeView, need, output, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { needFloat, type Value } from './value.ts';

/** Filters [out, in / group, kernel] as the kernels want them: [kernel, in / group, out]. */
export function laidOut(view: NodeView, filters: Value, order: readonly number[]): TensorId {
  const { emit } = view;
  if (filters.constant) return emit.tensor(transposed(filters.constant, order));
  return emit.emit('Transpose', { x: emit.first(filters) }, { perm: [...order] });
}

/** Filters of a group of the channels that they have first. */
export function partOf(view: NodeView, filters: Value, from: number, size: number): Value {
  const { constant, type } = filters;
  const shape = [size, ...type.shape.slice(1)];
  const each = sizeOf(type.shape.slice(1));
  if (constant) {
    const cut = () => (constant.data as Float32Array).slice(from * each, (from + size) * each);
    return { type: { ...type, shape }, constant: Tensor.deferred('float32', shape, cut), forms: {} };
  }
  const begin = type.shape.map((_, axis) => (axis === 0 ? from : 0));
  const first = view.emit.emit('Slice', { x: view.emit.first(filters) }, { begin, size: shape });
  return { type: { ...type, shape }, forms: { first } };
}

interface Sliding {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** [begin, end] of each spatial axis. */
  readonly pads: readonly (readonly [number, number])[];
}

const isOne = (value: number) => value === 1;

/** Filters whose holes are filled with zeros stand for a dilation that a kernel does not know. */
function undilated(filters: Value, sliding: Sliding): { filters: Value; sliding: Sliding } {
  if (sliding.dilations.every(isOne)) return { filters, sliding };
  if (!filters.constant) throw new Unsupported('its filters are dilated and not constant');
  return {
    filters: withHoles(filters, sliding.dilations),
    sliding: { ...sliding, dilations: sliding.dilations.map(() => 1) },
  };
}

function convolve2d(
  view: NodeView,
  x: TensorId,
  filters: Value,
  sliding: Sliding,
  bias?: TensorId,
): TensorId {
  const { strides, dilations, pads } = sliding;
  const attrs = {
    strides: [...strides],
    pad: [[0, 0], ...pads.map((pad) => [...pad]), [0, 0]],
    dataFormat: 'NHWC',
    dilations: [...dilations],
    activation: view.activation,
  };
  const filter = laidOut(view, filters, [2, 3, 1, 0]);
  return view.emit.emit('FusedConv2D', { x, filter, ...(bias === undefined ? {} : { bias }) }, attrs);
}

/** The kernel wants equal strides: others are taken from a convolution of stride 1. */
function depthwise(
  view: NodeView,
  x: TensorId,
  given: Value,
  channels: number,
  wanted: Sliding,
  bias?: TensorId,
): TensorId {
  const { emit } = view;
  const { filters, sliding } = undilated(given, wanted);
  const [outChannels, , height, width] = filters.type.shape as [number, number, number, number];
  const equal = sliding.strides[0] === sliding.strides[1];
  const shape = [channels, outChannels / channels, height, width];
  const filter = laidOut(view, emit.reshaped(filters, { dtype: 'float32', shape }), [2, 3, 0, 1]);
  const attrs = {
    strides: equal ? [...sliding.strides] : [1, 1],
    pad: [[0, 0], ...sliding.pads.map((pad) => [...pad]), [0, 0]],
    dataFormat: 'NHWC',
    dilations: [1, 1],
    activation: view.activation,
  };
  const ofm = emit.emit(
    'FusedDepthwiseConv2D',
    { x, filter, ...(bias === undefined ? {} : { bias }) },
    attrs,
  );
  if (equal) return ofm;
  return (['height', 'width'] as const).reduce((id, _, at) => {
    const step = sliding.strides[at]!;
    const extent = view.outputs[0]!.shape.slice(2)[at]!;
    if (step === 1) return id;
    const indices = emit.indices(Array.from({ length: extent }, (__, index) => index * step));
    return emit.emit('GatherV2', { x: id, indices }, { axis: at + 1, batchDims: 0 });
  }, ofm);
}

/** Volumes: the kernel knows neither explicit pads nor dilations nor a bias. */
function convolve3d(view: NodeView, x: TensorId, given: Value, wanted: Sliding, bias?: TensorId): TensorId {
  const { emit } = view;
  const { filters, sliding } = undilated(given, wanted);
  const paddings = [[0, 0], ...sliding.pads.map((pad) => [...pad]), [0, 0]];
  const padded = sliding.pads.some(([begin, end]) => begin + end > 0)
    ? emit.emit('PadV2', { x }, { paddings, constantValue: 0 })
    : x;
  const filter = laidOut(view, filters, [2, 3, 4, 1, 0]);
  const attrs = { strides: [...sliding.strides], pad: 'valid', dataFormat: 'NDHWC', dilations: [1, 1, 1] };
  const ofm = emit.emit('Conv3D', { x: padded, filter }, attrs);
  const sum = bias === undefined ? ofm : emit.emit('Add', { a: ofm, b: bias });
  if (view.activation === 'linear') return sum;
  return emit.emit(view.activation === 'relu' ? 'Relu' : 'Relu6', { x: sum });
}

const conv: Rule = (view) => {
  const { emit, node } = view;
  const [ifm, given] = [need(view, 0), need(view, 1)];
  const bias = view.inputs[2];
  needFloat(ifm, given, ...(bias ? [bias] : []));
  const group = numberOf(node, 'group', 1);
  const { x, filters, spatial, channels } = plane(view, ifm, given);
  const raw = windowOf(node, ifm.type.shape.slice(2), given.type.shape.slice(2));
  const line = ifm.type.shape.length === 3;
  const both = <T>(one: T, values: readonly T[]) => (line ? [one, ...values] : values);
  const sliding: Sliding = {
    strides: both(1, raw.strides),
    dilations: both(1, raw.dilations),
    pads: both(
      [0, 0] as const,
      raw.padsBegin.map((begin, axis) => [begin, raw.padsEnd[axis]!] as const),
    ),
  };
  const outChannels = filters.type.shape[0]!;
  const biasPart = (from: number, size: number): TensorId | undefined => {
    if (!bias) return undefined;
    if (size === outChannels) return emit.first(bias);
    return emit.emit('Slice', { x: emit.first(bias) }, { begin: [from], size: [size] });
  };
  const convolve = (part: TensorId, own: Value, ownBias?: TensorId) =>
    spatial === 3
      ? convolve3d(view, part, own, sliding, ownBias)
      : convolve2d(view, part, own, sliding, ownBias);
  let id: TensorId;
  if (group === 1) id = convolve(x, filters, biasPart(0, outChannels));
  else if (group === channels && spatial === 2) {
    id = depthwise(view, x, filters, channels, sliding, biasPart(0, outChannels));
  } else {
    const [inPart, outPart] = [channels / group, outChannels / group];
    const ranks = spatial + 2;
    const shape = [...(line ? [ifm.type.shape[0]!, 1] : [ifm.type.shape[0]!]), ...ifm.type.shape.slice(2)];
    const parts = Array.from({ length: group }, (_, at) => {
      const begin = [...new Array<number>(ranks - 1).fill(0), at * inPart];
      const piece = emit.emit('Slice', { x }, { begin, size: [...shape, inPart] });
      return convolve(piece, partOf(view, filters, at * outPart, outPart), biasPart(at * outPart, outPart));
    });
    id = emit.emit('Concat', parts, { axis: ranks - 1 });
  }
  return [output(view, unplaned(view, id), 'last')];
};

export const CONVOLUTION: Rules = { Conv: conv };
