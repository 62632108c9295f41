import { expect, it } from '@jest/globals';
import type { Engine } from '../../src/engine/engine.ts';
import type { Attribute, Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { forEachEngine } from '../support/each-engine.ts';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const VALUES = [nan, inf, -inf, -0, 0, 1.5, -1.5, 7, -7];
const LARGEST = Math.fround(3.4028234663852886e38);

interface Case {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Further inputs: a number is a scalar. */
  readonly constants?: readonly (number | Tensor<'float32'>)[];
  readonly values?: readonly number[];
  /** What onnxruntime gives. */
  readonly wanted: readonly number[];
  /** What other engines give instead, where that is known. */
  readonly except?: Readonly<Record<string, readonly number[]>>;
}

const ints = (...value: number[]): Attribute => ({ type: 'ints', value });
const strips = { kernel_shape: ints(1, 3), strides: ints(1, 3) };

/** docs/engines.md, "Special values", is this table in words. -0 and 0 count as equal. */
const CASES: Readonly<Record<string, Case>> = {
  Relu: { wanted: [nan, inf, 0, 0, 0, 1.5, 0, 7, 0] },
  LeakyRelu: {
    attributes: { alpha: { type: 'float', value: 0.5 } },
    wanted: [nan, inf, -inf, 0, 0, 1.5, -0.75, 7, -3.5],
  },
  'Clip from 0 to 6': { constants: [0, 6], wanted: [nan, 6, 0, 0, 0, 1.5, 0, 6, 0] },
  'Clip from -1': {
    constants: [-1],
    wanted: [nan, LARGEST, -1, 0, 0, 1.5, -1, 7, -1],
    except: {
      'tfjs-node': [nan, inf, -1, 0, 0, 1.5, -1, 7, -1],
      'tfjs-wasm': [nan, inf, -1, 0, 0, 1.5, -1, 7, -1],
    },
  },
  Max: { constants: [0], wanted: [nan, inf, 0, 0, 0, 1.5, 0, 7, 0] },
  Min: { constants: [0], wanted: [nan, 0, -inf, 0, 0, 0, -1.5, 0, -7] },
  Sign: {
    wanted: [nan, 1, -1, 0, 0, 1, -1, 1, -1],
    except: { 'tfjs-wasm': [0, 1, -1, 0, 0, 1, -1, 1, -1] },
  },
  Conv: {
    attributes: { kernel_shape: ints(1, 1) },
    constants: [Tensor.float32([1, 1, 1, 1], [1])],
    wanted: [nan, inf, -inf, 0, 0, 1.5, -1.5, 7, -7],
    except: { 'tfjs-wasm': [-inf, inf, -inf, 0, 0, 1.5, -1.5, 7, -7] },
  },
  'MaxPool with NaN': {
    attributes: strips,
    values: [nan, 1, 2, 1, nan, 2, 1, 2, nan],
    wanted: [2, 2, 2],
    except: { 'tfjs-wasm': [-inf, 2, 2] },
  },
  'MaxPool of infinities': {
    attributes: strips,
    values: [-inf, -inf, -inf, 1, -inf, 2, inf, 2, -inf],
    wanted: [-LARGEST, 2, inf],
    except: { 'tfjs-wasm': [-inf, 2, inf] },
  },
};

function graphOf(title: string, { attributes = {}, constants = [] }: Case): Graph {
  const tensors = constants.map((each) => (typeof each === 'number' ? Tensor.float32([], [each]) : each));
  const initializers = new Map(tensors.map((tensor, at): [string, Tensor] => [`c${at}`, tensor]));
  const inputs = ['x', ...initializers.keys()];
  const op = title.split(' ')[0]!;
  return inferTypes({
    name: title,
    opsets: { '': 13 },
    inputs: ['x'],
    outputs: ['y'],
    nodes: [{ name: op, op, domain: '', inputs, outputs: ['y'], attributes }],
    initializers,
    types: new Map([['x', { dtype: 'float32', shape: [1, 1, 1, 9] }]]),
  });
}

async function computed(engine: Engine, title: string, given: Case): Promise<number[]> {
  const program = await engine.compile(graphOf(title, given));
  const { outputs } = await program.run([Tensor.float32([1, 1, 1, 9], given.values ?? VALUES)]);
  await program.dispose();
  // + 0 makes 0 of -0
  return Array.from(outputs[0]!.data as Float32Array, (value) => value + 0);
}

forEachEngine((engine, name) => {
  it.each(Object.entries(CASES))('%s of special values', async (title, given) => {
    expect(await computed(engine, title, given)).toEqual(given.except?.[name] ?? given.wanted);
  });
});
