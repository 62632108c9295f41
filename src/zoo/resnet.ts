import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from './builder.ts';

const BLOCKS = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
} as const;
export type ResnetDepth = keyof typeof BLOCKS;

interface Convolution {
  readonly channels: number;
  readonly kernel: 1 | 3;
  readonly stride: number;
}

/**
 * ResNet v1.5: in a bottleneck the 3x3 convolution takes the stride (v1 gave it to the first 1x1), as the models of
 * today's frameworks do. 18 and 34 have basic blocks of two 3x3 convolutions, deeper ones bottlenecks. Filters have no
 * bias; every convolution is followed by a BatchNormalization node.
 */
export function resnet(depth: ResnetDepth, seed: number): Graph {
  const graph = new GraphBuilder(`resnet${depth}`, seed);
  let x = graph.input('image', [1, 3, 224, 224]);
  x = graph.conv('conv1', x, { channels: 64, kernel: 7, stride: 2, pad: 3, bias: false });
  x = graph.relu('relu1', graph.batchNorm('bn1', x));
  x = graph.maxPool('pool1', x, { kernel: 3, stride: 2, pad: 1 });
  for (const [stage, blocks] of BLOCKS[depth].entries()) {
    for (let block = 1; block <= blocks; block += 1) {
      const name = `stage${stage + 1}/block${block}`;
      const stride = stage > 0 && block === 1 ? 2 : 1;
      const width = 64 * 2 ** stage;
      // Each block adds its own variance: scaled so, a stage of 36 blocks grows no more than one of 2.
      const scale = 0.5 / Math.sqrt(blocks);
      x = residual(graph, name, x, depth < 50 ? basic(width, stride) : bottleneck(width, stride), scale);
    }
  }
  x = graph.flatten('flatten', graph.globalAveragePool('pool5', x));
  return graph.build([graph.softmax('probabilities', graph.gemm('fc', x, 1000))]);
}

function basic(width: number, stride: number): Convolution[] {
  return [
    { channels: width, kernel: 3, stride },
    { channels: width, kernel: 3, stride: 1 },
  ];
}

function bottleneck(width: number, stride: number): Convolution[] {
  return [
    { channels: width, kernel: 1, stride: 1 },
    { channels: width, kernel: 3, stride },
    { channels: width * 4, kernel: 1, stride: 1 },
  ];
}

/** `x` plus what the convolutions make of it; where they change its shape, a 1x1 convolution projects `x` too. */
function residual(
  graph: GraphBuilder,
  name: string,
  x: string,
  layers: readonly Convolution[],
  scale: number,
): string {
  let y = x;
  for (const [at, { channels, kernel, stride }] of layers.entries()) {
    const last = at === layers.length - 1;
    const step = at + 1;
    const pad = kernel === 3 ? 1 : 0;
    y = graph.conv(`${name}/conv${step}`, y, { channels, kernel, stride, pad, bias: false });
    y = graph.batchNorm(`${name}/bn${step}`, y, last ? { scale } : {});
    if (!last) y = graph.relu(`${name}/relu${step}`, y);
  }
  const [, channels, height] = graph.shapeOf(y) as [number, number, number];
  let shortcut = x;
  if (graph.shapeOf(x)[1] !== channels) {
    const stride = graph.shapeOf(x)[2]! / height;
    shortcut = graph.conv(`${name}/project`, x, { channels, kernel: 1, stride, bias: false });
    shortcut = graph.batchNorm(`${name}/bn-project`, shortcut);
  }
  return graph.relu(`${name}/relu`, graph.add(`${name}/add`, shortcut, y));
}
