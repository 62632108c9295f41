import { axisOf, numberOf } from '../../../graph/attributes.ts';
import { reducedAxes } from '../../../graph/operators/reduce.ts';
import type { TensorId } from '../program.ts';
import type { Emitter } from './emitter.ts';
import { layoutOf, need, output, type Rule, type Rules } from './rule.ts';
import { Unsupported } from './unsupported.ts';
import { lastAxis, needFloat } from './value.ts';

interface Over {
  readonly axes: readonly number[];
  readonly kept: boolean;
}

/** The kernels of maxima names its axes differently. */
export function reduce(emit: Emitter, kind: string, x: TensorId, { axes, kept }: Over): TensorId {
  const key = kind === 'Max' ? 'reductionIndices' : 'axis';
  return emit.emit(kind, { x }, { [key]: [...axes], keepDims: kept });
}

type Compute = (emit: Emitter, x: TensorId, over: Over) => TensorId;

const squared = (emit: Emitter, x: TensorId) => emit.emit('Multiply', { a: x, b: x });
const by =
  (kind: string): Compute =>
  (emit, x, over) =>
    reduce(emit, kind, x, over);

/** The greatest is taken out, so that no exponential overflows. */
const logSumExp: Compute = (emit, x, over) => {
  const most = reduce(emit, 'Max', x, { ...over, kept: true });
  const powers = emit.emit('Exp', { x: emit.emit('Sub', { a: x, b: most }) });
  const log = emit.emit('Log', { x: reduce(emit, 'Sum', powers, over) });
  return emit.emit('Add', { a: log, b: over.kept ? most : reduce(emit, 'Max', x, over) });
};

/** `plain`: over no axes, the operator changes nothing. */
function reduction(compute: Compute, plain: boolean): Rule {
  return (view) => {
    const { emit, node } = view;
    const value = need(view, 0);
    needFloat(value);
    const { shape } = value.type;
    const axes = reducedAxes(view.context);
    if (!axes) throw new Unsupported('its axes are known only when it runs', true);
    if (axes.size === 0 && shape.length > 0) {
      if (plain) return [value];
      throw new Unsupported('it reduces no axis');
    }
    const kept = view.outputs[0]!.shape.length === shape.length && numberOf(node, 'keepdims', 1) !== 0;
    const layout = kept ? layoutOf(value) : 'first';
    const own = [...axes].map((axis) => (layout === 'last' ? lastAxis(axis, shape.length) : axis));
    const over = { axes: own.sort((a, b) => a - b), kept };
    return [output(view, compute(emit, emit.get(value, layout), over), layout)];
  };
}

const cumSum: Rule = (view) => {
  const value = need(view, 0);
  needFloat(value);
  const { emit, node } = view;
  const axes = view.context.constant(1);
  if (!axes) throw new Unsupported('its axis is known only when it runs', true);
  const rank = value.type.shape.length;
  const axis = axisOf(Number(axes.data[0]), rank);
  const [exclusive, reverse] = ['exclusive', 'reverse'].map((name) => numberOf(node, name, 0) !== 0);
  const layout = layoutOf(value);
  const own = layout === 'last' ? lastAxis(axis, rank) : axis;
  const id = emit.emit('Cumsum', { x: emit.get(value, layout) }, { axis: own, exclusive, reverse });
  return [output(view, id, layout)];
};

export const REDUCTION: Rules = {
  ReduceMean: reduction(by('Mean'), true),
  ReduceSum: reduction(by('Sum'), true),
  ReduceMax: reduction(by('Max'), true),
  ReduceMin: reduction(by('Min'), true),
  ReduceProd: reduction(by('Prod'), true),
  ReduceL1: reduction((emit, x, over) => reduce(emit, 'Sum', emit.emit('Abs', { x }), over), false),
  ReduceL2: reduction(
    (emit, x, over) => emit.emit('Sqrt', { x: reduce(emit, 'Sum', squared(emit, x), over) }),
    false,
  ),
  ReduceSumSquare: reduction((emit, x, over) => reduce(emit, 'Sum', squared(emit, x), over), false),
  ReduceLogSum: reduction((emit, x, over) => emit.emit('Log', { x: reduce(emit, 'Sum', x, over) }), false),
  ReduceLogSumExp: reduction(logSumExp, false),
  CumSum: cumSum,
};
