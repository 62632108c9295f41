import type { Graph } from '../graph/graph.ts';
import { GraphBuilder, type Pair } from './builder.ts';

/** A convolution without bias, its BatchNormalization and its ReLU. `pad` keeps the size where it is `same`. */
interface Layer {
  readonly channels: number;
  readonly kernel: Pair;
  readonly stride?: number;
  readonly pad?: 'same';
}

const one = (channels: number): Layer => ({ channels, kernel: 1 });
const same = (channels: number, ...kernel: readonly [number, number]): Layer => ({
  channels,
  kernel,
  pad: 'same',
});
const halving = (channels: number): Layer => ({ channels, kernel: 3, stride: 2 });

/**
 * Inception v3 for 299 x 299, without the auxiliary classifier, which only training uses. The letters A to E name the
 * five kinds of module as the common implementations do; the mixed layers keep their numbers.
 */
export function inceptionV3(seed: number): Graph {
  const graph = new GraphBuilder('inception-v3', seed);
  let x = graph.input('image', [1, 3, 299, 299]);
  x = chain(graph, 'stem', x, [halving(32), { channels: 32, kernel: 3 }, same(64, 3, 3)]);
  x = graph.maxPool('pool1', x, { kernel: 3, stride: 2 });
  x = chain(graph, 'stem/after', x, [one(80), { channels: 192, kernel: 3 }]);
  x = graph.maxPool('pool2', x, { kernel: 3, stride: 2 });
  for (const [name, pooled] of [
    ['mixed5b', 32],
    ['mixed5c', 64],
    ['mixed5d', 64],
  ] as const) {
    x = moduleA(graph, name, x, pooled);
  }
  x = moduleB(graph, 'mixed6a', x);
  for (const [name, narrow] of [
    ['mixed6b', 128],
    ['mixed6c', 160],
    ['mixed6d', 160],
    ['mixed6e', 192],
  ] as const) {
    x = moduleC(graph, name, x, narrow);
  }
  x = moduleD(graph, 'mixed7a', x);
  x = moduleE(graph, 'mixed7b', x);
  x = moduleE(graph, 'mixed7c', x);
  x = graph.flatten('flatten', graph.dropout('drop', graph.globalAveragePool('pool3', x)));
  // The average over 8x8 leaves little of each channel: without more gain all classes would be equally likely.
  return graph.build([graph.softmax('probabilities', graph.gemm('fc', x, 1000, 12))]);
}

/** 35 x 35: 1x1, 5x5, double 3x3, pooled. */
function moduleA(graph: GraphBuilder, name: string, x: string, pooled: number): string {
  return graph.concat(name, [
    chain(graph, `${name}/single`, x, [one(64)]),
    chain(graph, `${name}/five`, x, [one(48), same(64, 5, 5)]),
    chain(graph, `${name}/double`, x, [one(64), same(96, 3, 3), same(96, 3, 3)]),
    averaged(graph, name, x, pooled),
  ]);
}

/** 35 x 35 -> 17 x 17. */
function moduleB(graph: GraphBuilder, name: string, x: string): string {
  return graph.concat(name, [
    chain(graph, `${name}/single`, x, [halving(384)]),
    chain(graph, `${name}/double`, x, [one(64), same(96, 3, 3), halving(96)]),
    graph.maxPool(`${name}/pool`, x, { kernel: 3, stride: 2 }),
  ]);
}

/** 17 x 17: a 7x7 convolution made of 1x7 and 7x1, once and twice. */
function moduleC(graph: GraphBuilder, name: string, x: string, narrow: number): string {
  const row = (channels: number) => same(channels, 1, 7);
  const column = (channels: number) => same(channels, 7, 1);
  return graph.concat(name, [
    chain(graph, `${name}/single`, x, [one(192)]),
    chain(graph, `${name}/seven`, x, [one(narrow), row(narrow), column(192)]),
    chain(graph, `${name}/double`, x, [one(narrow), column(narrow), row(narrow), column(narrow), row(192)]),
    averaged(graph, name, x, 192),
  ]);
}

/** 17 x 17 -> 8 x 8. */
function moduleD(graph: GraphBuilder, name: string, x: string): string {
  return graph.concat(name, [
    chain(graph, `${name}/three`, x, [one(192), halving(320)]),
    chain(graph, `${name}/seven`, x, [one(192), same(192, 1, 7), same(192, 7, 1), halving(192)]),
    graph.maxPool(`${name}/pool`, x, { kernel: 3, stride: 2 }),
  ]);
}

/** 8 x 8: the 3x3 convolutions are spread into 1x3 beside 3x1. */
function moduleE(graph: GraphBuilder, name: string, x: string): string {
  const three = chain(graph, `${name}/three`, x, [one(384)]);
  const double = chain(graph, `${name}/double`, x, [one(448), same(384, 3, 3)]);
  const spread = [three, double].flatMap((ifm, at) => {
    const branch = `${name}/${at === 0 ? 'three' : 'double'}`;
    return [
      chain(graph, `${branch}-row`, ifm, [same(384, 1, 3)]),
      chain(graph, `${branch}-column`, ifm, [same(384, 3, 1)]),
    ];
  });
  const single = chain(graph, `${name}/single`, x, [one(320)]);
  return graph.concat(name, [single, ...spread, averaged(graph, name, x, 192)]);
}

function averaged(graph: GraphBuilder, name: string, x: string, channels: number): string {
  const pooled = graph.averagePool(`${name}/pool`, x, { kernel: 3, pad: 1 });
  return chain(graph, `${name}/pooled`, pooled, [one(channels)]);
}

function chain(graph: GraphBuilder, name: string, x: string, layers: readonly Layer[]): string {
  let y = x;
  for (const [at, { channels, kernel, stride = 1, pad }] of layers.entries()) {
    const [height, width] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
    const padding: Pair = pad === 'same' ? [(height - 1) / 2, (width - 1) / 2] : 0;
    const step = `${at + 1}`;
    y = graph.conv(`${name}/conv${step}`, y, { channels, kernel, stride, pad: padding, bias: false });
    y = graph.batchNorm(`${name}/bn${step}`, y, { epsilon: 1e-3 });
    y = graph.relu(`${name}/relu${step}`, y);
  }
  return y;
}
