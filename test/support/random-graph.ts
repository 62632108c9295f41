import fc from 'fast-check';
import type { Graph } from '../../src/graph/graph.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { ExactBuilder, type Four, type Pair } from './exact-builder.ts';

const small = (max: number, min = 1) => fc.integer({ min, max });
const pair = (max: number, min = 1) => fc.tuple(small(max, min), small(max, min));
const pads = (max: number) => fc.tuple(small(max, 0), small(max, 0), small(max, 0), small(max, 0));

const FOLLOWERS = ['Relu', 'Clip', 'PRelu', 'BatchNormalization', 'Depthwise'] as const;
const BRANCHES = ['1x1', '3x3', '1x1-3x3', 'pool', 'pool-1x1'] as const;

type Step =
  | {
      readonly kind: 'conv';
      readonly groups: number;
      readonly outer: number;
      readonly kernel: Pair;
      readonly strides: Pair;
      readonly dilations: Pair;
      readonly pads: Four;
      readonly bias: boolean;
    }
  | { readonly kind: 'follow'; readonly op: (typeof FOLLOWERS)[number] }
  | {
      readonly kind: 'max';
      readonly kernel: Pair;
      readonly strides: Pair;
      readonly pads: Four;
      readonly ceil: boolean;
    }
  | {
      readonly kind: 'average';
      readonly kernel: Pair;
      readonly strides: Pair;
      readonly pads: Four;
      readonly counts: boolean;
    }
  | { readonly kind: 'residual'; readonly layers: number; readonly flipped: boolean }
  | {
      readonly kind: 'branches';
      readonly of: readonly (typeof BRANCHES)[number][];
      readonly channels: number;
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('conv' as const),
      groups: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, small(4)),
      outer: small(5),
      kernel: pair(3),
      strides: fc.oneof({ weight: 2, arbitrary: fc.constant([1, 1] as [number, number]) }, pair(3)),
      dilations: pair(2),
      pads: pads(2),
      bias: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('follow' as const), op: fc.constantFrom(...FOLLOWERS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('max' as const),
      kernel: pair(3),
      strides: pair(3),
      pads: pads(2),
      ceil: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('average' as const),
      kernel: pair(2),
      strides: pair(3),
      pads: pads(1),
      counts: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('residual' as const), layers: small(2), flipped: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('branches' as const),
      of: fc.array(fc.constantFrom(...BRANCHES), { minLength: 2, maxLength: 3 }),
      channels: small(4),
    }),
  },
);

export interface RandomModel {
  readonly graph: Graph;
  readonly input: Tensor;
}

/**
 * A chain of convolutions with channel-local followers, pools, residual blocks and blocks of branches, with dense layers
 * at its end, and perhaps outputs on the way. All is exact in float32 (see ExactBuilder), so results can be compared
 * bit by bit.
 */
export const randomModel: fc.Arbitrary<RandomModel> = fc
  .record({
    channels: small(6),
    first: step,
    steps: fc.array(step, { minLength: 1, maxLength: 4 }),
    dense: fc.array(small(6), { maxLength: 2 }),
    pooled: fc.boolean(),
    outputs: fc.array(fc.nat(100), { maxLength: 2 }),
    seed: fc.nat(10_000),
  })
  .map(({ channels, first, steps, dense, pooled, outputs, seed }) => {
    const builder = new ExactBuilder(seed);
    let x = builder.input('x', [1, channels, 13, 15]);
    for (const each of [first, ...steps]) x = apply(builder, x, each);
    if (dense.length > 0) {
      if (pooled) x = builder.add('GlobalMaxPool', [x]);
      x = builder.add('Flatten', [builder.clip(x, 8)]);
    }
    dense.forEach((units, at) => {
      x = builder.gemm(at > 0 ? builder.add('Relu', [x]) : x, units);
    });
    return { graph: builder.build(x, outputs), input: builder.randomTensor([1, channels, 13, 15], 4) };
  });

function apply(builder: ExactBuilder, x: string, recipe: Step): string {
  const channels = builder.shapeOf(x)[1]!;
  switch (recipe.kind) {
    case 'conv': {
      const groups = channels % recipe.groups === 0 ? recipe.groups : 1;
      return builder.conv(x, { ...recipe, groups, channels: groups * recipe.outer });
    }
    case 'follow':
      return follow(builder, x, recipe.op);
    case 'max':
      return builder.maxPool(x, recipe);
    case 'average':
      return builder.averagePool(x, recipe);
    case 'residual': {
      let y = x;
      for (let layer = 0; layer < recipe.layers; layer += 1) y = builder.same(y, channels, 3);
      return builder.add('Add', recipe.flipped ? [y, x] : [x, y]);
    }
    case 'branches': {
      const ends = recipe.of.map((kind, at) => branch(builder, x, kind, recipe.channels + at));
      return builder.concat(ends);
    }
  }
}

function follow(builder: ExactBuilder, x: string, op: (typeof FOLLOWERS)[number]): string {
  const channels = builder.shapeOf(x)[1]!;
  switch (op) {
    case 'Clip':
      return builder.clip(x, 30);
    case 'PRelu':
      return builder.add(op, [x, builder.constant([channels, 1, 1], 1)]);
    case 'BatchNormalization':
      return builder.batchNormalization(x);
    case 'Depthwise':
      return builder.conv(x, { groups: channels, channels: channels * 2, kernel: [1, 2], bias: true });
    default:
      return builder.add('Relu', [x]);
  }
}

function branch(builder: ExactBuilder, x: string, kind: (typeof BRANCHES)[number], channels: number): string {
  const pooled = () => builder.maxPool(x, { kernel: [3, 3], pads: [1, 1, 1, 1] });
  switch (kind) {
    case '1x1':
      return builder.same(x, channels, 1);
    case '3x3':
      return builder.same(x, channels, 3);
    case '1x1-3x3':
      return builder.same(builder.add('Relu', [builder.same(x, 2, 1)]), channels, 3);
    case 'pool':
      return pooled();
    case 'pool-1x1':
      return builder.same(pooled(), channels, 1);
  }
}
