import { IsobathError } from '../base/errors.ts';
import type { Manifest } from '../formats/manifest.ts';
import type { Graph } from '../graph/graph.ts';
import type { Shape } from '../tensor/region.ts';
import { inceptionV3 } from './inception.ts';
import { mobilenetV2 } from './mobilenet.ts';
import { type ResnetDepth, resnet } from './resnet.ts';
import { squeezenet } from './squeezenet.ts';
import { vgg } from './vgg.ts';

/** A published architecture with seeded filters: right in shape, work and memory, but trained for nothing. */
export interface ZooEntry {
  readonly name: string;
  readonly title: string;
  readonly input: Shape;
  /** Trainable values: filters, biases, scales; not the running statistics of BatchNormalization. */
  readonly parameters: number;
  /** Multiply-accumulates of the convolutions and dense layers, for one picture. */
  readonly macs: number;
  readonly publication: string;
  readonly filters: 'seeded';
}

export interface ZooModel {
  readonly graph: Graph;
  readonly manifest: Manifest;
}

type Described = Omit<ZooEntry, 'name' | 'filters'>;
interface Architecture extends Described {
  readonly build: (seed: number) => Graph;
}

const VGG =
  'Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2014';
const RESNET = 'He et al., Deep Residual Learning for Image Recognition, 2015';

function entry(
  title: string,
  size: number,
  parameters: number,
  macs: number,
  publication: string,
  build: (seed: number) => Graph,
): Architecture {
  return { title, input: [1, 3, size, size], parameters, macs, publication, build };
}

function resnetEntry(depth: ResnetDepth, parameters: number, macs: number): Architecture {
  return entry(`ResNet-${depth} v1.5`, 224, parameters, macs, RESNET, (seed) => resnet(depth, seed));
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  vgg16: entry('VGG16', 224, 138_357_544, 15_470_264_320, VGG, (seed) => vgg(16, seed)),
  vgg19: entry('VGG19', 224, 143_667_240, 19_632_062_464, VGG, (seed) => vgg(19, seed)),
  resnet18: resnetEntry(18, 11_689_512, 1_814_073_344),
  resnet34: resnetEntry(34, 21_797_672, 3_663_761_408),
  resnet50: resnetEntry(50, 25_557_032, 4_089_184_256),
  resnet101: resnetEntry(101, 44_549_160, 7_801_405_440),
  resnet152: resnetEntry(152, 60_192_808, 11_513_626_624),
  'inception-v3': entry(
    'Inception v3',
    299,
    23_834_568,
    5_713_216_096,
    'Szegedy et al., Rethinking the Inception Architecture for Computer Vision, 2015',
    inceptionV3,
  ),
  'mobilenet-v2': entry(
    'MobileNet v2',
    224,
    3_504_872,
    300_774_272,
    'Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018',
    mobilenetV2,
  ),
  squeezenet: entry(
    'SqueezeNet 1.1',
    224,
    1_235_496,
    349_151_936,
    'Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size, 2016',
    squeezenet,
  ),
};

export function zooNames(): string[] {
  return Object.keys(ARCHITECTURES);
}

export function zooEntries(): ZooEntry[] {
  return Object.entries(ARCHITECTURES).map(([name, { build: _, ...described }]) => ({
    name,
    ...described,
    filters: 'seeded',
  }));
}

/**
 * Builds a model of the zoo. The same seed gives the same filters, on every machine; they are made when their `data`
 * is read. Input `image`, float32 [1, 3, H, W]; output `probabilities`, [1, 1000]. Throws ISO_ERR_MODEL_NOT_FOUND.
 */
export function zooModel(name: string, options: { readonly seed?: number } = {}): ZooModel {
  const architecture = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
  if (!architecture) throw IsobathError.of('ISO_ERR_MODEL_NOT_FOUND', { model: name });
  const { build, input } = architecture;
  const [, , height, width] = input as [number, number, number, number];
  return {
    graph: build(options.seed ?? 1),
    manifest: {
      name,
      version: '1',
      model: `${name}.onnx`,
      task: 'classification',
      license: 'Apache-2.0',
      input: {
        name: 'image',
        channels: 'RGB',
        scale: 1 / 255,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        fit: 'cover',
        width,
        height,
      },
      labels: [],
      output: { name: 'probabilities', activation: 'none' },
    },
  };
}
