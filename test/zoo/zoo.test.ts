import { describe, expect, it } from '@jest/globals';
import { readsOf } from '../../src/graph/graph.ts';
import { zooEntries, zooModel, zooNames } from '../../src/zoo/zoo.ts';
import { macsOf, parametersOf } from './measure.ts';

/** Work in units of 10^9 multiply-accumulates, as the literature and the model pages give it. */
const PUBLISHED_GMACS: Record<string, number> = {
  vgg16: 15.47,
  vgg19: 19.63,
  resnet18: 1.81,
  resnet34: 3.66,
  resnet50: 4.09,
  resnet101: 7.8,
  resnet152: 11.51,
  'inception-v3': 5.71,
  'mobilenet-v2': 0.3,
  squeezenet: 0.35,
};

const SHAPES: Record<string, Record<string, number[]>> = {
  vgg16: {
    conv1_2: [1, 64, 224, 224],
    conv4_3: [1, 512, 28, 28],
    pool5: [1, 512, 7, 7],
    'conv4_1/filters': [512, 256, 3, 3],
    'fc6/filters': [4096, 25088],
    fc8: [1, 1000],
  },
  vgg19: { conv5_4: [1, 512, 14, 14], conv3_4: [1, 256, 56, 56] },
  resnet18: { pool1: [1, 64, 56, 56], 'stage4/block2/relu': [1, 512, 7, 7] },
  resnet34: { 'stage3/block6/conv2': [1, 256, 14, 14] },
  resnet50: {
    conv1: [1, 64, 112, 112],
    // v1.5: the first 1x1 keeps the size, the 3x3 halves it.
    'stage2/block1/conv1': [1, 128, 56, 56],
    'stage2/block1/conv2': [1, 128, 28, 28],
    'stage4/block3/relu': [1, 2048, 7, 7],
  },
  resnet101: { 'stage3/block23/relu': [1, 1024, 14, 14] },
  resnet152: { 'stage2/block8/relu': [1, 512, 28, 28], 'stage3/block36/relu': [1, 1024, 14, 14] },
  'inception-v3': {
    'stem/conv3': [1, 64, 147, 147],
    pool2: [1, 192, 35, 35],
    mixed5b: [1, 256, 35, 35],
    mixed5d: [1, 288, 35, 35],
    mixed6a: [1, 768, 17, 17],
    'mixed6b/seven/conv2/filters': [128, 128, 1, 7],
    'mixed6b/double/conv2/filters': [128, 128, 7, 1],
    mixed7a: [1, 1280, 8, 8],
    mixed7c: [1, 2048, 8, 8],
  },
  'mobilenet-v2': {
    'stage1/block1/project/bn': [1, 16, 112, 112],
    'stage2/block1/depthwise/conv/filters': [96, 1, 3, 3],
    'stage7/block1/project/bn': [1, 320, 7, 7],
    'head/relu6': [1, 1280, 7, 7],
  },
  squeezenet: {
    conv1: [1, 64, 111, 111],
    pool1: [1, 64, 55, 55],
    'fire9/concat': [1, 512, 13, 13],
    relu10: [1, 1000, 13, 13],
  },
};

describe('the zoo', () => {
  it('describes the ten architectures', () => {
    expect(zooNames()).toEqual(Object.keys(SHAPES));
    expect(zooEntries().map(({ name }) => name)).toEqual(zooNames());
    expect(zooEntries().every(({ filters }) => filters === 'seeded')).toBe(true);
  });

  it('refuses a name that it does not have', () => {
    for (const name of ['alexnet', 'toString', '']) {
      expect(() => zooModel(name)).toThrow(expect.objectContaining({ code: 'ISO_ERR_MODEL_NOT_FOUND' }));
    }
  });

  it('gives a manifest that fits the graph', () => {
    const { graph, manifest } = zooModel('inception-v3');
    expect(graph.inputs).toEqual([manifest.input!.name]);
    expect(graph.outputs).toEqual([manifest.output?.name]);
    expect([1, 3, manifest.input!.height, manifest.input!.width]).toEqual(graph.types.get('image')?.shape);
  });
});

describe.each(zooEntries())('$name', ({ name, input, parameters, macs }) => {
  const { graph } = zooModel(name);

  it('has the published number of parameters', () => {
    expect(parametersOf(graph)).toBe(parameters);
  });

  it('has the published work', () => {
    expect(macsOf(graph)).toBe(macs);
    const published = PUBLISHED_GMACS[name]!;
    expect(Math.abs(macs / 1e9 - published)).toBeLessThan(0.01);
  });

  it('has the shapes of its key layers', () => {
    expect(graph.types.get('image')?.shape).toEqual(input);
    expect(graph.types.get('probabilities')?.shape).toEqual([1, 1000]);
    for (const [tensor, shape] of Object.entries(SHAPES[name]!)) {
      expect([tensor, graph.types.get(tensor)?.shape]).toEqual([tensor, shape]);
    }
  });

  it('is in topological order, and every tensor has one writer, one type and a use', () => {
    const known = new Set([...graph.inputs, ...graph.initializers.keys()]);
    const read = new Set(graph.outputs);
    for (const node of graph.nodes) {
      for (const tensor of readsOf(node)) {
        expect(known).toContain(tensor);
        read.add(tensor);
      }
      expect(known).not.toContain(node.outputs[0]);
      known.add(node.outputs[0]!);
    }
    expect([...graph.types.keys()].sort()).toEqual([...known].sort());
    expect([...known].filter((tensor) => !read.has(tensor))).toEqual([]);
    for (const [tensor, { shape }] of graph.initializers) expect(graph.types.get(tensor)?.shape).toBe(shape);
  });
});
