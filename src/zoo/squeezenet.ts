import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from './builder.ts';

const FIRES = [
  { squeeze: 16, expand: 64 },
  { squeeze: 16, expand: 64 },
  { squeeze: 32, expand: 128 },
  { squeeze: 32, expand: 128 },
  { squeeze: 48, expand: 192 },
  { squeeze: 48, expand: 192 },
  { squeeze: 64, expand: 256 },
  { squeeze: 64, expand: 256 },
];

/** SqueezeNet 1.1: the poolings come earlier than in 1.0, for 2.4 times less work. No dense layer. */
export function squeezenet(seed: number): Graph {
  const graph = new GraphBuilder('squeezenet', seed);
  let x = graph.input('image', [1, 3, 224, 224]);
  x = graph.relu('relu1', graph.conv('conv1', x, { channels: 64, kernel: 3, stride: 2 }));
  x = graph.maxPool('pool1', x, { kernel: 3, stride: 2, ceil: true });
  for (const [at, { squeeze, expand }] of FIRES.entries()) {
    const fire = at + 2;
    x = fireModule(graph, `fire${fire}`, x, squeeze, expand);
    if (fire === 3 || fire === 5) x = graph.maxPool(`pool${fire}`, x, { kernel: 3, stride: 2, ceil: true });
  }
  x = graph.conv('conv10', graph.dropout('drop9', x), { channels: 1000, kernel: 1 });
  x = graph.globalAveragePool('pool10', graph.relu('relu10', x));
  return graph.build([graph.softmax('probabilities', graph.flatten('flatten', x))]);
}

/** A 1x1 convolution to few channels, then a 1x1 and a 3x3 convolution of its OFM side by side. */
function fireModule(graph: GraphBuilder, name: string, x: string, squeeze: number, expand: number): string {
  const few = graph.conv(`${name}/squeeze`, x, { channels: squeeze, kernel: 1 });
  const ifm = graph.relu(`${name}/squeeze-relu`, few);
  const one = graph.conv(`${name}/expand1x1`, ifm, { channels: expand, kernel: 1 });
  const three = graph.conv(`${name}/expand3x3`, ifm, { channels: expand, kernel: 3, pad: 1 });
  return graph.concat(`${name}/concat`, [
    graph.relu(`${name}/expand1x1-relu`, one),
    graph.relu(`${name}/expand3x3-relu`, three),
  ]);
}
