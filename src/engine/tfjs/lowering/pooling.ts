import { numberOf, numbersOf } from '../../../graph/attributes.ts';
import { type Window, windowOf } from '../../../graph/window.ts';
import { type Shape, sizeOf } from '../../../tensor/region.ts';
import type { TensorId } from '../program.ts';
import { type NodeView, need, output, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { needFloat, type Value } from './value.ts';

/** The window over the output's extents: pads grow where `ceil_mode` lets a window reach beyond them. */
interface Pooled {
  readonly window: Window;
  readonly spatial: Shape;
  readonly output: Shape;
  readonly pads: readonly (readonly [number, number])[];
}

function pooledOf(view: NodeView): Pooled {
  const { shape } = need(view, 0).type;
  const spatial = shape.slice(2);
  const window = windowOf(view.node, spatial, numbersOf(view.node, 'kernel_shape') ?? []);
  const extents = view.outputs[0]!.shape.slice(2);
  const pads = spatial.map((extent, axis) => {
    const begin = window.padsBegin[axis]!;
    const covered = (extents[axis]! - 1) * window.strides[axis]! + reachOf(window, axis);
    return [begin, Math.max(0, covered - extent - begin)] as const;
  });
  return { window, spatial, output: extents, pads };
}

function reachOf({ kernel, dilations }: Window, axis: number): number {
  return (kernel[axis]! - 1) * dilations[axis]! + 1;
}

/** The feature map with the channels last, as a plane or a volume, padded so that every window lies inside. */
function padded(view: NodeView, value: Value, { spatial, pads }: Pooled, fill: number): TensorId {
  const { emit } = view;
  const [batch, channels] = value.type.shape as [number, number];
  const last = emit.last(value);
  const line = spatial.length === 1;
  const x = line ? emit.reshape(last, [batch, 1, spatial[0]!, channels]) : last;
  if (!pads.some(([begin, end]) => begin + end > 0)) return x;
  const own = line ? [[0, 0], ...pads] : pads;
  const paddings = [[0, 0], ...own.map((pad) => [...pad]), [0, 0]];
  return emit.emit('PadV2', { x }, { paddings, constantValue: fill });
}

function poolKernel(view: NodeView, kind: 'Max' | 'Avg', x: TensorId, { window, spatial }: Pooled): TensorId {
  const two = (values: readonly number[]) => (spatial.length === 1 ? [1, ...values] : [...values]);
  const attrs = { filterSize: two(window.kernel), strides: two(window.strides), pad: 'valid' };
  return view.emit.emit(`${kind}Pool`, { x }, attrs);
}

/**
 * Windows with holes, and those of volumes, axis by axis: every place of the window along the axis is taken out of the
 * padded feature map in steps of the stride, and all are joined.
 */
function poolByAxes(view: NodeView, x: TensorId, pooled: Pooled, join: 'Maximum' | 'Add'): TensorId {
  const { emit } = view;
  const { window, output: extents, spatial } = pooled;
  const first = spatial.length === 1 ? 2 : 1;
  return spatial.reduce((id, _, axis) => {
    const parts = Array.from({ length: window.kernel[axis]! }, (__, place) => {
      const offset = place * window.dilations[axis]!;
      const length = extents[axis]!;
      const indices = Array.from({ length }, (___, at) => offset + at * window.strides[axis]!);
      return emit.emit(
        'GatherV2',
        { x: id, indices: emit.indices(indices) },
        { axis: axis + first, batchDims: 0 },
      );
    });
    return parts.reduce((a, b) => emit.emit(join, { a, b }));
  }, x);
}

function finish(view: NodeView, id: TensorId): Value {
  const { shape } = view.outputs[0]!;
  const [batch, channels, ...spatial] = shape as [number, number, ...number[]];
  const last = spatial.length === 1 ? view.emit.reshape(id, [batch, spatial[0]!, channels]) : id;
  return output(view, last, 'last');
}

function checkRank(view: NodeView): void {
  const rank = need(view, 0).type.shape.length - 2;
  if (rank > 3) throw new Unsupported(`it has ${rank} spatial axes`);
}

/** The kernels know no holes, and WebAssembly has none that is right for volumes. */
const byAxes = ({ window, spatial }: Pooled) =>
  spatial.length === 3 || window.dilations.some((dilation) => dilation !== 1);

const maxPool: Rule = (view) => {
  const value = need(view, 0);
  if ((view.node.outputs[1] ?? '') !== '') throw new Unsupported('the places of the maxima are not computed');
  checkRank(view);
  const pooled = pooledOf(view);
  const { emit } = view;
  const float = value.type.dtype === 'float32';
  if (!float && !['int8', 'uint8'].includes(value.type.dtype)) needFloat(value);
  const source: Value = float
    ? value
    : { type: value.type, forms: { last: emit.emit('Cast', { x: emit.last(value) }, { dtype: 'float32' }) } };
  // not infinity: a window of nothing but pads has no maximum, and the largest negative number is what onnxruntime says
  const x = padded(view, source, pooled, -3.4028234663852886e38);
  const id = byAxes(pooled) ? poolByAxes(view, x, pooled, 'Maximum') : poolKernel(view, 'Max', x, pooled);
  return [finish(view, float ? id : emit.emit('Cast', { x: id }, { dtype: 'int32' }))];
};

/** How many elements each window averages, by output element. */
function countsOf({ window, spatial, output: extents }: Pooled, withPads: boolean): Float32Array {
  const perAxis = spatial.map((extent, axis) => {
    const begin = window.padsBegin[axis]!;
    // pads count where they are asked for; what ceil_mode adds beyond them never does
    const [from, to] = withPads ? [-begin, extent + window.padsEnd[axis]!] : [0, extent];
    return Array.from({ length: extents[axis]! }, (_, at) => {
      const start = at * window.strides[axis]! - begin;
      const places = Array.from(
        { length: window.kernel[axis]! },
        (__, place) => start + place * window.dilations[axis]!,
      );
      return places.filter((place) => place >= from && place < to).length;
    });
  });
  const counts = new Float32Array(sizeOf(extents));
  for (let at = 0; at < counts.length; at += 1) {
    let rest = at;
    let count = 1;
    for (let axis = extents.length - 1; axis >= 0; axis -= 1) {
      count *= perAxis[axis]![rest % extents[axis]!]!;
      rest = Math.floor(rest / extents[axis]!);
    }
    counts[at] = count;
  }
  return counts;
}

const averagePool: Rule = (view) => {
  const value = need(view, 0);
  needFloat(value);
  checkRank(view);
  const pooled = pooledOf(view);
  const { emit } = view;
  const withPads = numberOf(view.node, 'count_include_pad', 0) === 1;
  const x = padded(view, value, pooled, 0);
  const summed = byAxes(pooled);
  const whole = sizeOf(pooled.window.kernel);
  const counts = countsOf(pooled, withPads);
  const id = summed ? poolByAxes(view, x, pooled, 'Add') : poolKernel(view, 'Avg', x, pooled);
  // the kernel divided by the whole window, the sum by nothing
  const divided = summed ? 1 : whole;
  if (counts.every((count) => count === divided)) return [finish(view, id)];
  const line = pooled.spatial.length === 1 ? [1] : [];
  const ratio = emit.floats([1, ...line, ...pooled.output, 1], () => counts.map((count) => divided / count));
  return [finish(view, emit.emit('Multiply', { a: id, b: ratio }))];
};

/** The p-th root of the sum of p-th powers; absolute values, so that p may be odd. */
function powers(view: NodeView, x: TensorId, compute: (powers: TensorId) => TensorId): TensorId {
  const { emit, node } = view;
  const p = numberOf(node, 'p', 2);
  const size = emit.emit('Abs', { x });
  const power = (id: TensorId, exponent: number) =>
    exponent === 1 ? id : emit.emit('Pow', { a: id, b: emit.scalar(exponent) });
  return power(compute(power(size, p)), 1 / p);
}

const lpPool: Rule = (view) => {
  const value = need(view, 0);
  needFloat(value);
  checkRank(view);
  const pooled = pooledOf(view);
  const x = padded(view, value, pooled, 0);
  return [
    finish(
      view,
      powers(view, x, (id) => poolByAxes(view, id, pooled, 'Add')),
    ),
  ];
};

const globalLpPool: Rule = (view) => {
  const value = need(view, 0);
  needFloat(value);
  const axis = value.type.shape.slice(2).map((_, at) => at + 1);
  const sum = (x: TensorId) => view.emit.emit('Sum', { x }, { axis, keepDims: true });
  return [output(view, powers(view, view.emit.last(value), sum), 'last')];
};

function globalPool(kind: 'Mean' | 'Max'): Rule {
  return (view) => {
    const value = need(view, 0);
    needFloat(value);
    const x = view.emit.last(value);
    const axes = value.type.shape.slice(2).map((_, axis) => axis + 1);
    if (axes.length === 0) return [value];
    const attrs =
      kind === 'Mean' ? { axis: axes, keepDims: true } : { reductionIndices: axes, keepDims: true };
    return [output(view, view.emit.emit(kind, { x }, attrs), 'last')];
  };
}

export const POOLING: Rules = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalPool('Mean'),
  GlobalMaxPool: globalPool('Max'),
  LpPool: lpPool,
  GlobalLpPool: globalLpPool,
};
