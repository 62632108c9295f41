import type { Graph } from '../graph/graph.ts';
import { type ConvOptions, GraphBuilder } from './builder.ts';

/** Table 2 of the paper. */
const STAGES = [
  { expand: 1, channels: 16, blocks: 1, stride: 1 },
  { expand: 6, channels: 24, blocks: 2, stride: 2 },
  { expand: 6, channels: 32, blocks: 3, stride: 2 },
  { expand: 6, channels: 64, blocks: 4, stride: 2 },
  { expand: 6, channels: 96, blocks: 3, stride: 1 },
  { expand: 6, channels: 160, blocks: 3, stride: 2 },
  { expand: 6, channels: 320, blocks: 1, stride: 1 },
];

/**
 * MobileNet v2 (width 1.0): inverted residuals of a 1x1 expansion, a depthwise 3x3 convolution (as many groups as
 * channels) and a 1x1 projection without activation.
 */
export function mobilenetV2(seed: number): Graph {
  const graph = new GraphBuilder('mobilenet-v2', seed);
  let x = graph.input('image', [1, 3, 224, 224]);
  x = rectified(graph, 'stem', x, { channels: 32, kernel: 3, stride: 2, pad: 1 });
  for (const [stage, { expand, channels, blocks, stride }] of STAGES.entries()) {
    for (let block = 1; block <= blocks; block += 1) {
      const name = `stage${stage + 1}/block${block}`;
      x = invertedResidual(graph, name, x, expand, channels, block === 1 ? stride : 1);
    }
  }
  x = rectified(graph, 'head', x, { channels: 1280, kernel: 1, gain: 1 });
  x = graph.flatten('flatten', graph.globalAveragePool('pool', x));
  // The average over 7x7 leaves little of each channel: without more gain all classes would be equally likely.
  x = graph.gemm('fc', graph.dropout('drop', x), 1000, 16);
  return graph.build([graph.softmax('probabilities', x)]);
}

function invertedResidual(
  graph: GraphBuilder,
  name: string,
  x: string,
  expand: number,
  channels: number,
  stride: number,
): string {
  const depth = graph.shapeOf(x)[1]!;
  const wide = depth * expand;
  let y = x;
  if (expand > 1) y = rectified(graph, `${name}/expand`, y, { channels: wide, kernel: 1, gain: 1 });
  y = rectified(graph, `${name}/depthwise`, y, { channels: wide, kernel: 3, stride, pad: 1, groups: wide });
  y = graph.conv(`${name}/project/conv`, y, { channels, kernel: 1, bias: false });
  const residual = stride === 1 && depth === channels;
  y = graph.batchNorm(`${name}/project/bn`, y, residual ? { scale: 0.4 } : {});
  return residual ? graph.add(`${name}/add`, x, y) : y;
}

function rectified(graph: GraphBuilder, name: string, x: string, options: ConvOptions): string {
  const y = graph.conv(`${name}/conv`, x, { ...options, bias: false });
  return graph.relu6(`${name}/relu6`, graph.batchNorm(`${name}/bn`, y));
}
