import { sizeOf } from '../../../tensor/region.ts';
import { activated } from './activations.ts';
import { filtersFirst } from './convolutions.ts';
import type { Translator } from './layer-call.ts';
import { Value } from './value.ts';

/** Over a feature map it is a convolution of 1 x 1, and cut like one. */
const dense: Translator = (call, input) => {
  const { config, graph, name, layer } = call;
  const units = config.whole('units', 1);
  const inner = input.shape.at(-1)!;
  const biased = config.flag('use_bias', true);
  const bias = biased ? [graph.constant(`${layer}/bias`, () => call.weight('bias', [units]))] : [];
  const kernel = () => call.weight('kernel', [inner, units]);
  if (input.isMapped) {
    const ones = input.shape.slice(2).map(() => 1);
    const filters = graph.constant(`${layer}/filters/pointwise`, () =>
      filtersFirst(kernel()).reshaped([units, inner, ...ones]),
    );
    const made = graph.node(name, 'Conv', [input.mapped(), filters, ...bias], { kernel_shape: ones });
    return activated(call, Value.mapped(graph, made));
  }
  const filters = graph.constant(`${layer}/filters`, kernel);
  if (input.rank === 2) {
    return activated(call, Value.plain(graph, graph.node(name, 'Gemm', [input.plain(), filters, ...bias])));
  }
  const product = graph.node(biased ? `${name}/product` : name, 'MatMul', [input.plain(), filters]);
  const made = biased ? graph.node(name, 'Add', [product, ...bias]) : product;
  return activated(call, Value.plain(graph, made));
};

const flatten: Translator = ({ config, graph, name }, input) => {
  // Keras moves channels_first to channels_last first, so that the order does not depend on it.
  const first = config.word('data_format', 'channels_last') === 'channels_first' && input.rank > 2;
  const shape = [input.shape[0]!, sizeOf(input.shape.slice(1))];
  let tensor = input.plain();
  if (first) {
    const perm = [0, ...[...input.shape.keys()].slice(2), 1];
    tensor = graph.node(`${name}/channels_last`, 'Transpose', [tensor], { perm });
  }
  return Value.plain(graph, graph.node(name, 'Reshape', [tensor, graph.integers(`${name}/shape`, shape)]));
};

const reshape: Translator = ({ config, graph, name }, input) => {
  const target_shape = config.value('target_shape');
  if (!Array.isArray(target_shape)) throw config.malformed('it has no target_shape');
  // tfjs writes null for the one that is left open.
  const wanted = target_shape.map((extent) => (extent === null ? -1 : extent));
  if (!wanted.every(Number.isSafeInteger))
    throw config.malformed(`its target_shape is ${JSON.stringify(wanted)}`);
  const rest = sizeOf(input.shape.slice(1));
  const open = wanted.indexOf(-1);
  const known = sizeOf(wanted.filter((_, at) => at !== open));
  const target = wanted.map((extent, at) => (at === open ? rest / known : extent));
  if (!target.every((extent) => Number.isSafeInteger(extent) && extent >= 0) || sizeOf(target) !== rest) {
    throw config.malformed(`[${input.shape.slice(1).join(', ')}] cannot become [${wanted.join(', ')}]`);
  }
  const shape = [input.shape[0]!, ...target];
  return Value.plain(
    graph,
    graph.node(name, 'Reshape', [input.plain(), graph.integers(`${name}/shape`, shape)]),
  );
};

const permute: Translator = ({ config, graph, name }, input) => {
  const dims = config.numbers('dims') ?? [];
  const sorted = [...dims].sort((a, b) => a - b);
  if (dims.length !== input.rank - 1 || sorted.some((axis, at) => axis !== at + 1)) {
    throw config.malformed(`dims [${dims.join(', ')}] for [${input.shape.join(', ')}]`);
  }
  return Value.plain(graph, graph.node(name, 'Transpose', [input.plain()], { perm: [0, ...dims] }));
};

/** Times ones, which broadcasts. */
const repeat: Translator = ({ config, graph, name }, input) => {
  const [batch, width, ...others] = input.shape;
  if (width === undefined || others.length > 0)
    throw config.malformed(`its input [${input.shape.join(', ')}] has not 2 dimensions`);
  const count = config.whole('n', 1);
  const row = graph.node(`${name}/row`, 'Reshape', [
    input.plain(),
    graph.integers(`${name}/shape`, [batch!, 1, width]),
  ]);
  const ones = graph.floats(`${name}/ones`, [1, count, 1], new Float32Array(count).fill(1));
  return Value.plain(graph, graph.node(name, 'Mul', [row, ones]));
};

export const DENSE_LAYERS: Readonly<Record<string, Translator>> = {
  Dense: dense,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeat,
};
