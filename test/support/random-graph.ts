import fc from 'fast-check';
import type { Attribute, Graph, Node } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { sizeOf } from '../../src/tensor/region.ts';
import { Tensor, type TensorType } from '../../src/tensor/tensor.ts';

/** One layer of a random chain, before its channels are known. */
interface LayerRecipe {
  readonly groups: number;
  /** Channels per group. */
  readonly inner: number;
  readonly outer: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly bias: boolean;
  readonly followers: readonly string[];
}

const small = (max: number, min = 1) => fc.integer({ min, max });

const recipe: fc.Arbitrary<LayerRecipe> = fc.record({
  groups: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, small(4)),
  inner: small(5),
  outer: small(5),
  kernel: fc.tuple(small(3), small(3)),
  strides: fc.tuple(small(2), small(2)),
  dilations: fc.tuple(small(2), small(2)),
  pads: fc.tuple(small(2, 0), small(2, 0), small(2, 0), small(2, 0)),
  bias: fc.boolean(),
  followers: fc.array(fc.constantFrom('Relu', 'Clip', 'PRelu', 'MaxPool', 'AveragePool', 'Depthwise'), {
    maxLength: 3,
  }),
});

export interface RandomModel {
  readonly graph: Graph;
  readonly input: Tensor;
}

/**
 * A chain of one or two convolutions with channel-local followers and a dense layer at its end. Filters and input are
 * small integers, so every sum is exact in float32 and results can be compared bit by bit. (Averages are over powers of
 * two for the same reason.)
 */
export const randomModel: fc.Arbitrary<RandomModel> = fc
  .record({
    layers: fc.array(recipe, { minLength: 1, maxLength: 2 }),
    dense: small(6, 0),
    seed: fc.nat(10_000),
  })
  .map(({ layers, dense, seed }) => build(layers, dense, seed));

function build(layers: readonly LayerRecipe[], dense: number, seed: number): RandomModel {
  const next = integers(seed);
  const nodes: Node[] = [];
  const initializers = new Map<string, Tensor>();
  const shape = [1, layers[0]!.groups * layers[0]!.inner, 13, 15];
  let channels = shape[1]!;
  let tensor = 'x';
  const constant = (name: string, dims: readonly number[]) => {
    initializers.set(
      name,
      Tensor.float32(
        dims,
        Float32Array.from({ length: sizeOf(dims) }, () => next(3)),
      ),
    );
    return name;
  };
  const add = (op: string, inputs: readonly string[], attributes: Node['attributes'] = {}) => {
    const output = `t${nodes.length}`;
    nodes.push({
      name: `${op}${nodes.length}`,
      op,
      domain: '',
      inputs: [tensor, ...inputs],
      outputs: [output],
      attributes,
    });
    tensor = output;
  };
  for (const layer of layers) {
    const groups = channels % layer.groups === 0 ? layer.groups : 1;
    const filters = [groups * layer.outer, channels / groups, ...layer.kernel];
    const inputs = [constant(`w${nodes.length}`, filters)];
    if (layer.bias) inputs.push(constant(`b${nodes.length}`, [filters[0]!]));
    const { strides, dilations, pads } = layer;
    add('Conv', inputs, {
      group: int(groups),
      strides: ints(strides),
      dilations: ints(dilations),
      pads: ints(pads),
    });
    channels = filters[0]!;
    for (const op of layer.followers) follow(op);
  }
  if (dense > 0) {
    add('GlobalMaxPool', []);
    add('Flatten', []);
    add('Gemm', [constant('dense', [dense, channels]), constant('dense-bias', [dense])], { transB: int(1) });
  }

  function follow(op: string): void {
    if (op === 'Clip') add(op, [constant(`lo${nodes.length}`, []), scalar(`hi${nodes.length}`, 40)]);
    else if (op === 'PRelu') add(op, [constant(`s${nodes.length}`, [channels, 1, 1])]);
    else if (op === 'MaxPool') add(op, [], { kernel_shape: ints([2, 2]), pads: ints([1, 1, 0, 0]) });
    else if (op === 'AveragePool')
      add(op, [], {
        kernel_shape: ints([1, 2]),
        strides: ints([1, 1]),
        pads: ints([0, 1, 0, 0]),
        count_include_pad: int(1),
      });
    else if (op === 'Depthwise') {
      const multiplier = 1 + Math.abs(next(1));
      add('Conv', [constant(`d${nodes.length}`, [channels * multiplier, 1, 1, 1])], { group: int(channels) });
      channels *= multiplier;
    } else add(op, []);
  }

  function scalar(name: string, value: number): string {
    initializers.set(name, Tensor.float32([], [value]));
    return name;
  }

  const types = new Map<string, TensorType>([['x', { dtype: 'float32', shape }], ...initializers]);
  const graph = {
    name: 'random',
    opsets: { '': 13 },
    inputs: ['x'],
    outputs: [tensor],
    nodes,
    initializers,
    types,
  };
  return {
    graph: inferTypes(graph),
    input: Tensor.float32(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => next(4)),
    ),
  };
}

const int = (value: number): Attribute => ({ type: 'int', value });
const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });

/** Integers from -reach to reach, the same for the same seed. */
function integers(seed: number): (reach: number) => number {
  let state = seed + 1;
  return (reach) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state >>> 16) % (2 * reach + 1)) - reach;
  };
}
