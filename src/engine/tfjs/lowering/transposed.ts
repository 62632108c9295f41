import { numberOf } from '../../../graph/attributes.ts';
import { transposedWindowOf } from '../../../graph/transposed-window.ts';
import type { TensorId } from '../program.ts';
import { laidOut, partOf } from './convolution.ts';
import { withHoles } from './filters.ts';
import { plane, unplaned } from './plane.ts';
import { type NodeView, need, output, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { needFloat, type Value } from './value.ts';

/** What one group of channels adds to: every row that a window reaches, before any is cut off. */
interface Full {
  readonly batch: number;
  readonly extents: readonly number[];
  readonly strides: readonly number[];
}

/** The gradient of a convolution, which is what the kernel is there for. */
function spread(view: NodeView, x: TensorId, filters: Value, { batch, extents, strides }: Full): TensorId {
  const channels = filters.type.shape[1]!;
  const inputShape = [batch, ...extents, channels];
  const attrs = { strides: [...strides], pad: 'valid', inputShape };
  if (extents.length === 3) {
    const filter = laidOut(view, filters, [2, 3, 4, 1, 0]);
    return view.emit.emit('Conv3DBackpropInputV2', { dy: x, filter }, attrs);
  }
  const filter = laidOut(view, filters, [2, 3, 1, 0]);
  return view.emit.emit('Conv2DBackpropInput', { dy: x, filter }, { ...attrs, dataFormat: 'NHWC' });
}

/** Rows that are cut off at the front and behind; those that nothing reaches are laid behind. */
function trimmed(
  { emit }: NodeView,
  id: TensorId,
  full: readonly number[],
  begin: readonly number[],
  wanted: readonly number[],
): TensorId {
  const missing = full.map((extent, axis) =>
    axis === 0 || axis === full.length - 1 ? 0 : Math.max(0, begin[axis]! + wanted[axis]! - extent),
  );
  const whole = missing.some((rows) => rows > 0)
    ? emit.emit('PadV2', { x: id }, { paddings: missing.map((rows) => [0, rows]), constantValue: 0 })
    : id;
  const grown = full.map((extent, axis) => extent + missing[axis]!);
  if (begin.every((rows) => rows === 0) && wanted.every((extent, axis) => extent === grown[axis]))
    return whole;
  return emit.emit('Slice', { x: whole }, { begin: [...begin], size: [...wanted] });
}

const convTranspose: Rule = (view) => {
  const { emit, node } = view;
  const [ifm, given] = [need(view, 0), need(view, 1)];
  const bias = view.inputs[2];
  needFloat(ifm, given, ...(bias ? [bias] : []));
  const group = numberOf(node, 'group', 1);
  const line = ifm.type.shape.length === 3;
  const window = transposedWindowOf(node, ifm.type.shape.slice(2), given.type.shape.slice(2));
  const { padsBegin } = window;
  if (!padsBegin) throw new Unsupported('how its pads are shared out is not settled by the standard');
  const both = (one: number, values: readonly number[]) => (line ? [one, ...values] : [...values]);
  const dilations = both(1, window.dilations);
  const { x, filters: tight, channels } = plane(view, ifm, given);
  const holes = dilations.some((dilation) => dilation !== 1);
  if (holes && !tight.constant) throw new Unsupported('its filters are dilated and not constant');
  const filters = holes ? withHoles(tight, dilations) : tight;
  const strides = both(1, window.strides);
  const spatial = both(1, ifm.type.shape.slice(2));
  const reach = filters.type.shape.slice(2);
  const extents = spatial.map((extent, axis) => strides[axis]! * (extent - 1) + reach[axis]!);
  const batch = ifm.type.shape[0]!;
  const full = { batch, extents, strides };
  const inPart = channels / group;
  const rank = spatial.length + 2;
  const parts = Array.from({ length: group }, (_, at) => {
    if (group === 1) return spread(view, x, filters, full);
    const begin = [...new Array<number>(rank - 1).fill(0), at * inPart];
    const piece = emit.emit('Slice', { x }, { begin, size: [batch, ...spatial, inPart] });
    return spread(view, piece, partOf(view, filters, at * inPart, inPart), full);
  });
  const joined = group === 1 ? parts[0]! : emit.emit('Concat', parts, { axis: rank - 1 });
  const outChannels = filters.type.shape[1]! * group;
  const begin = [0, ...both(0, padsBegin), 0];
  const wanted = [batch, ...both(1, window.output), outChannels];
  const id = trimmed(view, joined, [batch, ...extents, outChannels], begin, wanted);
  const sum = bias ? emit.emit('Add', { a: id, b: emit.first(bias) }) : id;
  return [output(view, unplaned(view, sum), 'last')];
};

export const TRANSPOSED: Rules = { ConvTranspose: convTranspose };
