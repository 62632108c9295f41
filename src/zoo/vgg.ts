import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from './builder.ts';

const CHANNELS = [64, 128, 256, 512, 512];
const CONVOLUTIONS = {
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
} as const;

/** The maximum of four neighbours has about 1.6 times their mean square: the convolution after a pooling undoes it. */
const GAIN_AFTER_POOLING = 1.25;

/** VGG16 (configuration D) and VGG19 (E): five blocks of 3x3 convolutions, each with bias and ReLU, three dense layers. */
export function vgg(depth: 16 | 19, seed: number): Graph {
  const graph = new GraphBuilder(`vgg${depth}`, seed);
  let x = graph.input('image', [1, 3, 224, 224]);
  for (const [block, count] of CONVOLUTIONS[depth].entries()) {
    for (let layer = 1; layer <= count; layer += 1) {
      const at = `${block + 1}_${layer}`;
      const gain = block > 0 && layer === 1 ? GAIN_AFTER_POOLING : 2;
      x = graph.conv(`conv${at}`, x, { channels: CHANNELS[block]!, kernel: 3, pad: 1, gain });
      x = graph.relu(`relu${at}`, x);
    }
    x = graph.maxPool(`pool${block + 1}`, x, { kernel: 2, stride: 2 });
  }
  x = graph.flatten('flatten', x);
  for (const layer of [6, 7]) {
    x = graph.gemm(`fc${layer}`, x, 4096, layer === 6 ? GAIN_AFTER_POOLING : 2);
    x = graph.dropout(`drop${layer}`, graph.relu(`relu${layer}`, x));
  }
  return graph.build([graph.softmax('probabilities', graph.gemm('fc8', x, 1000))]);
}
