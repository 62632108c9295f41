import assert from 'node:assert/strict';
import type { Attribute, Graph, Node } from '../graph/graph.ts';
import type { TypedArray } from '../tensor/dtype.ts';
import { type Shape, sizeOf } from '../tensor/region.ts';
import { Tensor, type TensorType } from '../tensor/tensor.ts';
import type { Engine } from './engine.ts';

/** One thing that an engine must do. */
export interface Case {
  readonly name: string;
  /** `engine` is started, and stopped afterwards. */
  run(engine: Engine, makeEngine: () => Engine): Promise<void>;
}

/** Runs `body` with a started engine, and stops it whatever happens. */
export async function withEngine(makeEngine: () => Engine, body: (engine: Engine) => Promise<void>) {
  const engine = makeEngine();
  try {
    await engine.start();
    await body(engine);
  } finally {
    await engine.stop();
  }
}

export async function rejectsWith(code: string, promise: Promise<unknown>, text = ''): Promise<void> {
  await assert.rejects(promise, (error: { code?: string; message: string }) => {
    assert.equal(error.code, code, error.message);
    assert.ok(error.message.includes(text), `"${error.message}" does not name ${text}`);
    return true;
  });
}

/** A float32 tensor of small integers, which every order of summation adds up exactly. */
export function integers(shape: Shape, seed = 1): Tensor<'float32'> {
  const next = (_: unknown, at: number) => ((at * 7 + seed * 13) % 9) - 4;
  return Tensor.float32(shape, Float32Array.from({ length: sizeOf(shape) }, next));
}

export function valuesOf(tensor: Tensor | undefined): (number | bigint)[] {
  assert.ok(tensor, 'an output is missing');
  return Array.from(tensor.data as ArrayLike<number | bigint>);
}

export function sameArray(got: TypedArray, want: TypedArray): void {
  assert.deepEqual(Array.from(got as ArrayLike<number>), Array.from(want as ArrayLike<number>));
}

export function nodeOf(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, readonly number[]>> = {},
): Node {
  const lists = Object.entries(attributes).map(([name, value]): [string, Attribute] => [
    name,
    { type: 'ints', value },
  ]);
  return { name: output, op, domain: '', inputs, outputs: [output], attributes: Object.fromEntries(lists) };
}

export interface ProgramParts {
  readonly inputs: Readonly<Record<string, TensorType>>;
  readonly nodes: readonly Node[];
  readonly outputs: readonly string[];
  readonly constants?: Readonly<Record<string, Tensor>>;
  /** Types of the outputs. */
  readonly types?: Readonly<Record<string, TensorType>>;
}

export function programOf(
  name: string,
  { inputs, nodes, outputs, constants = {}, types = {} }: ProgramParts,
): Graph {
  return {
    name,
    opsets: { '': 13 },
    inputs: Object.keys(inputs),
    outputs,
    nodes,
    initializers: new Map(Object.entries(constants)),
    types: new Map<string, TensorType>([
      ...Object.entries(inputs),
      ...Object.entries(constants),
      ...Object.entries(types),
    ]),
  };
}

export const float32 = (...shape: number[]): TensorType => ({ dtype: 'float32', shape });

/** y = -x of the shape. */
export function negation(...shape: number[]): Graph {
  const type = float32(...shape);
  return programOf('negation', {
    inputs: { x: type },
    nodes: [nodeOf('Neg', ['x'], 'y')],
    outputs: ['y'],
    types: { y: type },
  });
}

/** y = x + the constant. */
export function addition(constant: number, size = 4): Graph {
  const type = float32(size);
  return programOf(`addition of ${constant}`, {
    inputs: { x: type },
    nodes: [nodeOf('Add', ['x', 'c'], 'y')],
    outputs: ['y'],
    constants: { c: Tensor.float32([1], [constant]) },
    types: { y: type },
  });
}

/** y = x * filters, a square matrix of `extent` ** 2 ones. */
export function product(extent: number): Graph {
  const filters = new Float32Array(extent * extent).fill(1);
  return programOf(`product ${extent}`, {
    inputs: { x: float32(1, extent) },
    nodes: [nodeOf('MatMul', ['x', 'w'], 'y')],
    outputs: ['y'],
    constants: { w: Tensor.float32([extent, extent], filters) },
    types: { y: float32(1, extent) },
  });
}
