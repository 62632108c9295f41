import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { type Graph, subgraph } from '../../src/graph/graph.ts';
import { macsOf } from '../../src/graph/macs.ts';
import { type Run, runOf } from '../../src/partition/run.ts';
import type { Scheme } from '../../src/partition/scheme.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { tilesOf } from '../../src/partition/schemes/tiles.ts';
import { sizeOf } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { inceptionV3 } from '../../src/zoo/inception.ts';
import { mobilenetV2 } from '../../src/zoo/mobilenet.ts';
import { resnet } from '../../src/zoo/resnet.ts';
import { vgg } from '../../src/zoo/vgg.ts';
import { coverageFault, runAll, runShards } from '../support/run-shards.ts';

const vgg16 = vgg(16, 1);
const resnet50 = resnet(50, 1);
const mobilenet = mobilenetV2(1);
const inception = inceptionV3(1);
const tail = vggTail();
const grid = tilesOf({ rows: 2, columns: 2 });
const { rows, columns, tiles, branches, replica } = SCHEMES as Record<string, Scheme>;
const {
  'depth-chain': chain,
  'output-depth': outputDepth,
  'input-depth': inputDepth,
} = SCHEMES as Record<string, Scheme>;

/** The first and the last node of a run, the schemes that cut it, and how many shards each makes for four workers. */
const CASES: [label: string, graph: Graph, first: string, last: string, schemes: [Scheme, number][]][] = [
  [
    "VGG16's first five layers",
    vgg16,
    'conv1_1',
    'relu2_2',
    [
      [rows!, 4],
      [columns!, 4],
      [grid, 4],
    ],
  ],
  ['a convolution and its dense layer', tail, 'conv', 'fc1', [[chain!, 4]]],
  ['two dense layers', tail, 'fc1', 'fc2', [[chain!, 4]]],
  ['a pool before a dense layer', tail, 'pool', 'fc1', [[inputDepth!, 4]]],
  ['a convolution with what follows it', tail, 'conv', 'flatten', [[outputDepth!, 4]]],
  [
    'a ResNet block with projection',
    resnet50,
    'stage2/block1/conv1',
    'stage2/block1/relu',
    [
      [rows!, 4],
      [tiles!, 4],
      [replica!, 1],
    ],
  ],
  [
    'two ResNet blocks',
    resnet50,
    'stage2/block2/conv1',
    'stage2/block3/relu',
    [
      [rows!, 4],
      [grid, 4],
    ],
  ],
  ['a ResNet bottleneck', resnet50, 'stage2/block2/conv1', 'stage2/block2/conv2', [[chain!, 4]]],
  [
    'a MobileNet block',
    mobilenet,
    'stage3/block2/expand/conv',
    'stage3/block2/add',
    [
      [rows!, 4],
      [tiles!, 4],
    ],
  ],
  [
    'a MobileNet block by its channels',
    mobilenet,
    'stage3/block2/expand/conv',
    'stage3/block2/project/conv',
    [[chain!, 4]],
  ],
  [
    'an Inception block of four branches',
    inception,
    'mixed5b/single/conv1',
    'mixed5b',
    [
      [branches!, 4],
      [rows!, 4],
      [tiles!, 4],
      [replica!, 1],
    ],
  ],
  ['an Inception block of three branches', inception, 'mixed6a/single/conv1', 'mixed6a', [[branches!, 3]]],
  ['a block whose branches fork again', inception, 'mixed7b/three/conv1', 'mixed7b', [[branches!, 4]]],
];

describe('parts of published architectures, cut for four workers', () => {
  const engine = new OnnxruntimeEngine();
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(CASES)('%s', async (_, graph, first, last, schemes) => {
    const run = runBetween(graph, first, last);
    const tensors = await runAll(engine, run.graph, inputsOf(run.graph));
    const whole = run.nodes.reduce((sum, node) => sum + macsOf(run.graph, node), 0);
    for (const [scheme, shards] of schemes) {
      expect(scheme.unfit(run)).toBeUndefined();
      const cut = scheme.cut(run, [3, 2, 2, 1]);
      expect(cut).toHaveLength(shards);
      expect(coverageFault(run, cut)).toBeUndefined();
      const macs = cut.reduce((sum, { shard }) => sum + shard.macs, 0);
      const spatial = [rows, columns, tiles, grid].includes(scheme);
      if (spatial && whole > 0) expect(macs).toBeGreaterThanOrEqual(whole);
      else expect(macs).toBe(whole);
      for (const [name, got] of await runShards(engine, run, cut, tensors))
        expect(relativeDifference(got, tensors.get(name)!)).toBeLessThan(1e-5);
    }
  });
});

it('chains the layers of VGG16 that hold most of its filters', () => {
  for (const [first, last] of [
    ['conv5_3', 'fc6'],
    ['fc6', 'fc7'],
    ['conv1_1', 'conv1_2'],
  ] as const) {
    const run = runBetween(vgg16, first, last);
    expect(chain!.unfit(run)).toBeUndefined();
    const cut = chain!.cut(run, new Array(16).fill(1));
    const filters = [...run.graph.initializers.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(cut).toHaveLength(16);
    expect(cut.reduce((sum, { shard }) => sum + shard.filterBytes, 0)).toBe(filters);
  }
});

/** The nodes from `first` to `last` as a graph of their own: what lies around them need not run. */
function runBetween(graph: Graph, first: string, last: string): Run {
  const at = (name: string) => graph.nodes.findIndex((node) => node.name === name);
  const nodes = graph.nodes.slice(at(first), at(last) + 1);
  const { outputs } = runOf(graph, nodes);
  const part = subgraph(graph, nodes, new Set(outputs), `${first}..${last}`);
  return runOf(part, nodes);
}

function inputsOf(graph: Graph): Map<string, Tensor> {
  return new Map(
    graph.inputs.map((name) => {
      const { shape } = graph.types.get(name)!;
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, at) => Math.sin(at * 0.37));
      return [name, Tensor.float32(shape, data)];
    }),
  );
}

/** The greatest difference, as a part of the greatest value. */
function relativeDifference(got: Tensor, want: Tensor): number {
  const [a, b] = [got.data as Float32Array, want.data as Float32Array];
  let [worst, largest] = [0, 0];
  for (let at = 0; at < b.length; at += 1) {
    worst = Math.max(worst, Math.abs(a[at]! - b[at]!));
    largest = Math.max(largest, Math.abs(b[at]!));
  }
  return a.length === b.length && largest > 0 ? worst / largest : Number.NaN;
}

/** VGG's last convolution and its dense layers, smaller. */
function vggTail(): Graph {
  const graph = new GraphBuilder('tail', 3);
  let x = graph.input('ifm', [1, 24, 14, 14]);
  x = graph.relu('relu', graph.conv('conv', x, { channels: 30, kernel: 3, pad: 1 }));
  x = graph.flatten('flatten', graph.maxPool('pool', x, { kernel: 2, stride: 2 }));
  x = graph.dropout('drop1', graph.relu('relu1', graph.gemm('fc1', x, 70)));
  return graph.build([graph.gemm('fc2', x, 40)]);
}
