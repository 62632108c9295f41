import { transposed } from '../../../graph/folding/movement.ts';
import { isRecord, shown } from '../json.ts';
import { checkedAxis, snakeCase, UnsupportedLayer } from './config.ts';
import type { LayerCall, Translator } from './layer-call.ts';
import type { Value } from './value.ts';
import type { Attributes } from './writer.ts';

type Activation = (call: LayerCall, name: string, x: Value) => Value;

const float = (value: number) => ({ float: value });

function operator(op: string, attributes: Attributes = {}): Activation {
  return ({ graph }, name, x) => x.like(graph.node(name, op, [x.tensor], attributes));
}

function clip(call: LayerCall, name: string, x: Value, min: number | undefined, max: number): Value {
  const { graph } = call;
  const low = min === undefined ? '' : graph.floats(`${name}/min`, [], [min]);
  return x.like(graph.node(name, 'Clip', [x.tensor, low, graph.floats(`${name}/max`, [], [max])]));
}

/** x * gate(x). */
function gated(gate: (call: LayerCall, name: string, x: Value) => string): Activation {
  return (call, name, x) => x.like(call.graph.node(name, 'Mul', [x.tensor, gate(call, `${name}/gate`, x)]));
}

function scalar(
  { graph }: LayerCall,
  name: string,
  op: 'Mul' | 'Add' | 'Sub',
  x: string,
  value: number,
): string {
  return graph.node(name, op, [x, graph.floats(`${name}/by`, [], [value])]);
}

/** (1 + erf(x / sqrt 2)) / 2, the normal distribution. */
const normal = (call: LayerCall, name: string, x: Value): string => {
  const erf = call.graph.node(`${name}/erf`, 'Erf', [
    scalar(call, `${name}/scaled`, 'Mul', x.tensor, Math.SQRT1_2),
  ]);
  return scalar(call, name, 'Mul', scalar(call, `${name}/shifted`, 'Add', erf, 1), 0.5);
};

/** (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, its approximation. */
const almostNormal = (call: LayerCall, name: string, x: Value): string => {
  const { graph } = call;
  const square = graph.node(`${name}/square`, 'Mul', [x.tensor, x.tensor]);
  const factor = scalar(
    call,
    `${name}/factor`,
    'Add',
    scalar(call, `${name}/weighted`, 'Mul', square, 0.044715),
    1,
  );
  const inner = graph.node(`${name}/inner`, 'Mul', [x.tensor, factor]);
  const tanh = graph.node(`${name}/tanh`, 'Tanh', [
    scalar(call, `${name}/scaled`, 'Mul', inner, Math.sqrt(2 / Math.PI)),
  ]);
  return scalar(call, name, 'Mul', scalar(call, `${name}/shifted`, 'Add', tanh, 1), 0.5);
};

const sigmoid = ({ graph }: LayerCall, name: string, x: Value) => graph.node(name, 'Sigmoid', [x.tensor]);
const hardGate = ({ graph }: LayerCall, name: string, x: Value) =>
  graph.node(name, 'HardSigmoid', [x.tensor], { alpha: float(1 / 6), beta: float(0.5) });
const softplusTanh = ({ graph }: LayerCall, name: string, x: Value) =>
  graph.node(name, 'Tanh', [graph.node(`${name}/softplus`, 'Softplus', [x.tensor])]);

function softmax(op: 'Softmax' | 'LogSoftmax', axis: number): Activation {
  return ({ graph }, name, x) => x.like(graph.node(name, op, [x.tensor], { axis: x.axisOf(axis) }));
}

/** Keras 3 has it as relu6(x + 3) / 6; before it was clip(0.2 x + 0.5). */
const hardSigmoid: Activation = (call, name, x) => {
  const alpha = float(call.origin === 'keras-3' ? 1 / 6 : 0.2);
  return operator('HardSigmoid', { alpha, beta: float(0.5) })(call, name, x);
};

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: (_call, _name, x) => x,
  relu: operator('Relu'),
  relu6: (call, name, x) => clip(call, name, x, 0, 6),
  leaky_relu: operator('LeakyRelu', { alpha: float(0.2) }),
  elu: operator('Elu', { alpha: float(1) }),
  selu: operator('Selu'),
  gelu: gated(normal),
  gelu_new: gated(almostNormal),
  sigmoid: operator('Sigmoid'),
  hard_sigmoid: hardSigmoid,
  tanh: operator('Tanh'),
  hard_tanh: (call, name, x) => clip(call, name, x, -1, 1),
  swish: gated(sigmoid),
  silu: gated(sigmoid),
  hard_swish: gated(hardGate),
  hard_silu: gated(hardGate),
  mish: gated(softplusTanh),
  softplus: operator('Softplus'),
  softsign: operator('Softsign'),
  exponential: operator('Exp'),
  softmax: softmax('Softmax', -1),
  log_softmax: softmax('LogSoftmax', -1),
};

/** The word for an activation, which Keras 3 may wrap as a registered function. */
function wordOf(activation: unknown): string | undefined {
  if (typeof activation === 'string') return snakeCase(activation);
  if (!isRecord(activation)) return undefined;
  const { class_name: className, config } = activation;
  if (className === 'function') return wordOf(config);
  return typeof className === 'string' ? snakeCase(className) : undefined;
}

/** Applies the layer's `activation` setting. */
export function activated(call: LayerCall, x: Value, name = `${call.name}/activation`): Value {
  const setting = call.config.value('activation') ?? 'linear';
  // Some write a whole layer there.
  const layer = isRecord(setting) && typeof setting['class_name'] === 'string' ? setting['class_name'] : '';
  if (Object.hasOwn(ACTIVATION_LAYERS, layer)) {
    const json = (setting as { config?: unknown }).config;
    const config = call.config.nested(isRecord(json) ? json : {});
    return ACTIVATION_LAYERS[layer]!({ ...call, name, config }, x);
  }
  const word = wordOf(setting);
  if (word === undefined || !Object.hasOwn(ACTIVATIONS, word)) {
    call.refuse(`its activation is ${shown(setting)}`);
    return x;
  }
  return ACTIVATIONS[word]!(call, name, x);
}

/** Between 0 and `max_value`; below `threshold` a line of `negative_slope` through it. */
const relu: Translator = (call, x) => {
  const { config, name, graph } = call;
  const max = config.optionalNumber('max_value');
  const slope = config.optionalNumber('negative_slope') ?? 0;
  const threshold = config.optionalNumber('threshold') ?? 0;
  if (threshold === 0 && slope === 0)
    return max === undefined ? operator('Relu')(call, name, x) : clip(call, name, x, 0, max);
  const limited = (value: Value) =>
    max === undefined ? value : clip(call, `${name}/max`, value, undefined, max);
  if (threshold === 0) return limited(operator('LeakyRelu', { alpha: float(slope) })(call, name, x));
  const above = graph.node(`${name}/above`, 'ThresholdedRelu', [x.tensor], { alpha: float(threshold) });
  if (slope === 0) return limited(x.like(above));
  const bound = graph.floats(`${name}/threshold`, [], [threshold]);
  const below = graph.node(
    `${name}/below`,
    'Min',
    [graph.node(`${name}/distance`, 'Sub', [x.tensor, bound]), graph.floats(`${name}/zero`, [], [0])],
    {},
  );
  return limited(
    x.like(graph.node(name, 'Add', [above, scalar(call, `${name}/sloped`, 'Mul', below, slope)])),
  );
};

/** One slope per element but the batch, shared along `shared_axes`. */
const prelu: Translator = (call, x) => {
  const { graph, layer } = call;
  const shared = call.config.numbers('shared_axes') ?? [];
  const shape = x.shape.slice(1).map((extent, at) => (shared.includes(at + 1) ? 1 : extent));
  const own = () => call.weight('alpha', shape);
  // In the mapped form the channels lead, and the rest follows in its order.
  const order = [shape.length - 1, ...shape.keys()].slice(0, shape.length);
  const slope = x.isMapped
    ? graph.constant(`${layer}/slope/channels_first`, () => transposed(own(), order))
    : graph.constant(`${layer}/slope`, own);
  return x.like(graph.node(call.name, 'PRelu', [x.tensor, slope]));
};

export const ACTIVATION_LAYERS: Readonly<Record<string, Translator>> = {
  Activation: (call, x) => activated(call, x, call.name),
  ReLU: relu,
  LeakyReLU: (call, x) => {
    const { config } = call;
    const alpha = config.optionalNumber('negative_slope') ?? config.optionalNumber('alpha') ?? 0.3;
    return operator('LeakyRelu', { alpha: float(alpha) })(call, call.name, x);
  },
  PReLU: prelu,
  ELU: (call, x) =>
    operator('Elu', { alpha: float(call.config.optionalNumber('alpha') ?? 1) })(call, call.name, x),
  ThresholdedReLU: (call, x) =>
    operator('ThresholdedRelu', { alpha: float(call.config.optionalNumber('theta') ?? 1) })(
      call,
      call.name,
      x,
    ),
  Softmax: (call, x) => {
    const axes = call.config.numbers('axis') ?? [-1];
    const [axis = -1] = axes;
    if (axes.length !== 1) throw new UnsupportedLayer('its softmax runs over several axes');
    return softmax('Softmax', checkedAxis(call.config, axis, x.rank))(call, call.name, x);
  },
};
