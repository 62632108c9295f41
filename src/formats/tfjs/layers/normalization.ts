import { Tensor } from '../../../tensor/tensor.ts';
import { checkedAxis, UnsupportedLayer } from './config.ts';
import type { LayerCall, Translator } from './layer-call.ts';
import { Value } from './value.ts';

function filled(extent: number, value: number): Tensor<'float32'> {
  return Tensor.float32([extent], new Float32Array(extent).fill(value));
}

/** Along the last axis it is done on channels first, whatever form is there: it then folds into a convolution. */
const batchNormalization: Translator = (call, input) => {
  const { config, graph, name, layer } = call;
  const [named = -1, ...others] = config.numbers('axis') ?? [-1];
  if (others.length > 0) throw new UnsupportedLayer('it normalises several axes');
  const axis = checkedAxis(config, named, input.rank);
  const last = axis === input.rank - 1;
  if (!last && axis !== 1) throw new UnsupportedLayer(`it normalises the axis ${axis} of ${input.rank}`);
  const channels = input.shape[axis]!;
  const parameter = (role: string, own: boolean, instead: number) =>
    graph.constant(`${layer}/${role}`, () =>
      own ? call.weight(role, [channels]) : filled(channels, instead),
    );
  const parameters = [
    parameter('gamma', config.flag('scale', true), 1),
    parameter('beta', config.flag('center', true), 0),
    parameter('moving_mean', true, 0),
    parameter('moving_variance', true, 1),
  ];
  const ifm = last ? input.mapped() : input.plain();
  const epsilon = { float: config.number('epsilon', 1e-3) };
  const made = graph.node(name, 'BatchNormalization', [ifm, ...parameters], { epsilon });
  return last ? Value.mapped(graph, made) : Value.plain(graph, made);
};

/** Over the last axes, whose elements each have a scale and a shift. */
const layerNormalization: Translator = (call, input) => {
  const { config, graph, name, layer } = call;
  const axes = (config.numbers('axis') ?? [-1])
    .map((axis) => checkedAxis(config, axis, input.rank))
    .sort((a, b) => a - b);
  const first = input.rank - axes.length;
  if (first < 1 || axes.some((axis, at) => axis !== first + at)) {
    throw new UnsupportedLayer(
      `it normalises the axes ${axes.join(', ')} of ${input.rank}, which are not the last`,
    );
  }
  const shape = input.shape.slice(first);
  const size = shape.reduce((a, b) => a * b, 1);
  const parameter = (role: string, own: boolean, instead: number) =>
    graph.constant(`${layer}/${role}`, () =>
      own ? call.weight(role, shape) : filled(size, instead).reshaped(shape),
    );
  const scale = parameter('gamma', config.flag('scale', true), 1);
  const shift = parameter('beta', config.flag('center', true), 0);
  const attributes = { axis: first, epsilon: { float: config.number('epsilon', 1e-3) } };
  return Value.plain(
    graph,
    graph.node(name, 'LayerNormalization', [input.plain(), scale, shift], attributes),
  );
};

/** x scale + offset, numbers for all elements or one per channel. */
export function affine(
  call: LayerCall,
  input: Value,
  scale: readonly number[],
  offset: readonly number[],
): Value {
  const { config, graph, name } = call;
  const channels = input.shape.at(-1)!;
  const steps = [
    { op: 'Mul', suffix: 'scale', values: scale },
    { op: 'Add', suffix: 'offset', values: offset },
  ];
  let { tensor } = input;
  for (const { op, suffix, values } of steps) {
    if (values.length !== 1 && values.length !== channels) {
      throw config.malformed(`${values.length} values of its ${suffix} for ${channels} channels`);
    }
    const perChannel =
      values.length === 1 ? [] : [values.length, ...new Array(input.isMapped ? input.rank - 2 : 0).fill(1)];
    tensor = graph.node(`${name}/${suffix}`, op, [
      tensor,
      graph.floats(`${name}/${suffix}/by`, perChannel, values),
    ]);
  }
  return input.like(tensor);
}

/** (x - mean) / deviation, of numbers in the settings or of weights that were adapted to data. */
const normalization: Translator = (call, input) => {
  const { config } = call;
  const axes = config.numbers('axis') ?? [-1];
  const last =
    axes.length === 0 || (axes.length === 1 && checkedAxis(config, axes[0]!, input.rank) === input.rank - 1);
  if (!last) throw new UnsupportedLayer(`it normalises the axes ${axes.join(', ')}`);
  if (config.flag('invert', false)) throw new UnsupportedLayer('it inverts a normalisation');
  const shape = axes.length === 0 ? [] : [input.shape.at(-1)!];
  const given = (role: string) => config.numbers(role) ?? Array.from(call.weight(role, shape).data);
  const mean = given('mean');
  const variance = given('variance');
  // Keras' epsilon, below which a deviation is taken for it.
  const scale = variance.map((value) => 1 / Math.max(Math.sqrt(value), 1e-7));
  if (mean.length !== scale.length)
    throw config.malformed(`${mean.length} means and ${scale.length} variances`);
  return affine(
    call,
    input,
    scale,
    mean.map((value, at) => -value * scale[at]!),
  );
};

export const NORMALIZATION_LAYERS: Readonly<Record<string, Translator>> = {
  BatchNormalization: batchNormalization,
  BatchNormalizationV1: batchNormalization,
  BatchNormalizationV2: batchNormalization,
  SyncBatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  Normalization: normalization,
  Rescaling: (call, input) => {
    const scale = call.config.numbers('scale') ?? [1];
    return affine(call, input, scale, call.config.numbers('offset') ?? [0]);
  },
};
