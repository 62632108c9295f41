import type { Graph } from '../graph/graph.ts';
import { macsOf } from '../graph/macs.ts';
import type { WorkKind } from '../partition/work.ts';
import { sizeOf } from '../tensor/region.ts';
import { GraphBuilder } from '../zoo/builder.ts';

/** A program of one operator whose run is timed. */
export interface ComputeProbe {
  readonly kind: WorkKind;
  readonly name: string;
  /** Of one node. */
  readonly macs: number;
  /** How often the node is in the program: small ones follow one another, or they would vanish in the price of a run. */
  readonly nodes: number;
  /** Of inputs, outputs and filters together: what passes the memory at least once. */
  readonly bytes: number;
  readonly graph: Graph;
}

const SEED = 1;

/** Channels and plane are those of layers that people cut: VGG, ResNet, Inception and MobileNet, and parts of them. */
const CONVOLUTIONS: Readonly<Record<'conv3x3' | 'conv1x1' | 'conv' | 'depthwise', readonly Geometry[]>> = {
  conv3x3: [
    { channels: 16, filters: 16, plane: 7, kernel: 3, nodes: 24 },
    { channels: 32, filters: 32, plane: 14, kernel: 3, nodes: 8 },
    { channels: 128, filters: 32, plane: 28, kernel: 3 },
    { channels: 128, filters: 128, plane: 28, kernel: 3 },
    { channels: 256, filters: 64, plane: 56, kernel: 3 },
    { channels: 256, filters: 256, plane: 56, kernel: 3 },
  ],
  conv1x1: [
    { channels: 48, filters: 48, plane: 7, kernel: 1, nodes: 24 },
    { channels: 96, filters: 96, plane: 14, kernel: 1, nodes: 8 },
    { channels: 256, filters: 64, plane: 28, kernel: 1 },
    { channels: 256, filters: 64, plane: 56, kernel: 1 },
    { channels: 512, filters: 512, plane: 28, kernel: 1 },
  ],
  conv: [
    { channels: 16, filters: 16, plane: 14, kernel: 5, nodes: 8 },
    { channels: 32, filters: 32, plane: 28, kernel: 5 },
    { channels: 3, filters: 64, plane: 112, kernel: 7 },
    { channels: 64, filters: 64, plane: 35, kernel: 7 },
  ],
  depthwise: [
    { channels: 32, filters: 32, plane: 14, kernel: 3, nodes: 24 },
    { channels: 128, filters: 128, plane: 28, kernel: 3, nodes: 4 },
    { channels: 144, filters: 144, plane: 56, kernel: 3 },
    { channels: 96, filters: 96, plane: 112, kernel: 3 },
  ],
};

/** Width and nodes of fully connected layers; the last one's filters, 64 MiB, fit no cache. */
const GEMMS: readonly (readonly [width: number, nodes: number])[] = [
  [256, 4],
  [512, 2],
  [1024, 1],
  [2048, 1],
  [4096, 1],
];

interface Geometry {
  readonly channels: number;
  readonly filters: number;
  /** Height and width. */
  readonly plane: number;
  readonly kernel: number;
  /** Default 1; several need as many filters as channels. */
  readonly nodes?: number;
}

/** For each kind, makers of its probes in rising order of work. A kind's first probe is always run. */
export function computeProbes(): ReadonlyMap<WorkKind, readonly (() => ComputeProbe)[]> {
  const probes = new Map<WorkKind, readonly (() => ComputeProbe)[]>();
  for (const [kind, geometries] of Object.entries(CONVOLUTIONS)) {
    probes.set(
      kind as WorkKind,
      geometries.map((geometry) => () => convolution(kind as WorkKind, geometry)),
    );
  }
  probes.set(
    'gemm',
    GEMMS.map(
      ([inputs, outputs]) =>
        () =>
          gemm(inputs, outputs),
    ),
  );
  return probes;
}

/** Operators that only move bytes, too large for the caches of small devices. */
export function memoryProbes(): readonly (() => ComputeProbe)[] {
  const shape = [1, 128, 112, 112];
  return [
    () =>
      probe('elementwise', 'add', (build) =>
        build.add('y', build.input('a', shape), build.input('b', shape)),
      ),
    () =>
      probe('pool', 'max-pool', (build) =>
        build.maxPool('y', build.input('x', shape), { kernel: 2, stride: 2 }),
      ),
  ];
}

/** Hardly any work: what is left is the price of a run. */
export function emptyProbe(): ComputeProbe {
  return probe('elementwise', 'empty', (build) => build.relu('y', build.input('x', [1, 1, 1, 1])));
}

function convolution(kind: WorkKind, geometry: Geometry): ComputeProbe {
  const { channels, filters, plane, kernel, nodes = 1 } = geometry;
  const options = {
    channels: filters,
    kernel,
    pad: (kernel - 1) / 2,
    groups: kind === 'depthwise' ? channels : 1,
  };
  return probe(kind, `${kind} ${channels}x${plane}x${plane} to ${filters}`, (build) => {
    const x = build.input('x', [1, channels, plane, plane]);
    return chain(nodes, x, (name, from) => build.conv(name, from, options));
  });
}

function gemm(width: number, nodes: number): ComputeProbe {
  return probe('gemm', `gemm ${width}`, (build) =>
    chain(nodes, build.input('x', [1, width]), (name, from) => build.gemm(name, from, width)),
  );
}

function chain(nodes: number, first: string, node: (name: string, from: string) => string): string {
  let last = first;
  for (let at = 0; at < nodes; at += 1) last = node(`y${at}`, last);
  return last;
}

function probe(kind: WorkKind, name: string, make: (build: GraphBuilder) => string): ComputeProbe {
  const build = new GraphBuilder(name, SEED);
  const graph = build.build([make(build)]);
  const macs = macsOf(graph, graph.nodes[0]!);
  const bytes = [...graph.types.values()].reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  return { kind, name, macs, nodes: graph.nodes.length, bytes, graph };
}
