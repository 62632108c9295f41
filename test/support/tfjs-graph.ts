import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { loadTfjs } from '../../src/formats/tfjs/load.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { type Shape, sizeOf } from '../../src/tensor/region.ts';
import { bytesOf, Tensor } from '../../src/tensor/tensor.ts';
import { numbers } from './operators.ts';

type AttributeValue =
  | number
  | boolean
  | string
  | readonly number[]
  | readonly string[]
  | { readonly [key: string]: unknown };
type Dimensions = readonly (number | null)[];

export const FLOAT = { type: 'DT_FLOAT' };
export const INT32 = { type: 'DT_INT32' };

interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: string[];
  readonly attr: Record<string, unknown>;
}

/** Writes a graph model as the converter does: a GraphDef in protobuf's JSON, its constants as weights. */
export class GraphDefBuilder {
  readonly #nodes: NodeDef[] = [];
  readonly #weights: { name: string; tensor: Tensor }[] = [];
  readonly #inputs: Record<string, { name: string }> = {};
  readonly #functions: unknown[] = [];
  readonly #prefix: string;

  /** `prefix` is that of constants in a function, whose weights lie among those of the model. */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  placeholder(name: string, shape: Dimensions, dtype = FLOAT): string {
    const dim = shape.map((size) => ({ size: String(size ?? -1) }));
    this.#nodes.push({ name, op: 'Placeholder', input: [], attr: { dtype, shape: { shape: { dim } } } });
    this.#inputs[name] = { name: `${name}:0` };
    return name;
  }

  constant(tensor: Tensor): string {
    const name = `${this.#prefix}const_${this.#weights.length}`;
    this.#weights.push({ name, tensor });
    const dtype = tensor.dtype === 'float32' ? FLOAT : INT32;
    this.#nodes.push({ name, op: 'Const', input: [], attr: { dtype } });
    return name;
  }

  /** Small integers, divided by `scale`. */
  floats(shape: Shape, scale = 4): string {
    const { data } = numbers(shape, this.#weights.length);
    return this.constant(
      Tensor.float32(
        shape,
        data.map((value) => value / scale),
      ),
    );
  }

  /** Numbers above 0. */
  positive(shape: Shape): string {
    const { data } = numbers(shape, this.#weights.length);
    return this.constant(
      Tensor.float32(
        shape,
        data.map((value) => 1 + Math.abs(value) / 4),
      ),
    );
  }

  ints(...values: number[]): string {
    return this.constant(Tensor.of('int32', [values.length], Int32Array.from(values)));
  }

  int(value: number): string {
    return this.constant(Tensor.of('int32', [], Int32Array.of(value)));
  }

  float(value: number): string {
    return this.constant(Tensor.float32([], [value]));
  }

  add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const name = `${op}_${this.#nodes.length}`;
    const attr = Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)]),
    );
    this.#nodes.push({ name, op, input: [...inputs], attr: { T: FLOAT, ...attr } });
    return name;
  }

  /** A function that nodes call by its name: `{ func: { name } }` as an attribute. */
  define(
    name: string,
    types: readonly (readonly [string, object])[],
    body: (builder: GraphDefBuilder, ...given: string[]) => string[],
  ): { readonly func: { readonly name: string } } {
    const inner = new GraphDefBuilder(`${name}/`);
    const results = body(inner, ...types.map(([argument]) => argument));
    const argument = (each: string, type: unknown) => ({ name: each, ...(type as object) });
    this.#weights.push(...inner.#weights);
    this.#functions.push(...inner.#functions, {
      signature: {
        name,
        inputArg: types.map(([each, type]) => argument(each, type)),
        outputArg: results.map((_, at) => argument(`out_${at}`, FLOAT)),
      },
      nodeDef: inner.#nodes,
      ret: Object.fromEntries(results.map((result, at) => [`out_${at}`, `${result}:out:0`])),
    });
    return { func: { name } };
  }

  /** `outputs` are tensors ("name" or "name:1") by their keys in the signature. */
  model(outputs: Readonly<Record<string, string>>): GraphModelFile {
    const signed = Object.fromEntries(
      Object.entries(outputs).map(([key, name]) => [key, { name: name.includes(':') ? name : `${name}:0` }]),
    );
    const weights = this.#weights.map(({ name, tensor: { dtype, shape } }) => ({
      name,
      dtype,
      shape: [...shape],
    }));
    const json = {
      format: 'graph-model',
      generatedBy: 'test',
      convertedBy: 'test',
      signature: { inputs: this.#inputs, outputs: signed },
      modelTopology: {
        node: this.#nodes,
        versions: {},
        ...(this.#functions.length > 0 ? { library: { function: this.#functions } } : {}),
      },
      weightsManifest: [{ paths: ['group1-shard1of1.bin'], weights }],
    };
    const bytes = Buffer.concat(this.#weights.map(({ tensor }) => bytesOf(tensor.data)));
    return { json, bytes, inputs: Object.keys(this.#inputs), outputs: signed };
  }
}

export interface GraphModelFile {
  readonly json: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
  readonly inputs: readonly string[];
  readonly outputs: Readonly<Record<string, { readonly name: string }>>;
}

function attributeOf(value: AttributeValue): unknown {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'string') return { s: base64(value) };
  if (typeof value === 'number') return Number.isInteger(value) ? { i: String(value) } : { f: value };
  if (!Array.isArray(value)) return value;
  return typeof value[0] === 'string'
    ? { list: { s: (value as string[]).map(base64) } }
    : { list: { i: (value as number[]).map(String) } };
}

/** Writes the model into a folder of its own while `use` runs; it is given the path of model.json. */
export async function withModelFile<T>(model: GraphModelFile, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'isobath-tfjs-'));
  try {
    const file = join(folder, 'model.json');
    await writeFile(file, JSON.stringify(model.json));
    await writeFile(join(folder, 'group1-shard1of1.bin'), model.bytes);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads the model with the code under test; all elements are read while its files are there. */
export async function readModel(
  model: GraphModelFile,
  shapes: Record<string, readonly number[]> = {},
): Promise<Graph> {
  return await withModelFile(model, async (file) => {
    const graph = await loadTfjs(file, { shapes });
    const initializers = [...graph.initializers].map(
      ([name, tensor]) => [name, Tensor.of(tensor.dtype, tensor.shape, tensor.data)] as const,
    );
    return { ...graph, initializers: new Map(initializers) };
  });
}

/** Runs the model in TensorFlow.js' own graph executor on its plain CPU backend: the oracle. */
export async function runTfjs(
  model: GraphModelFile,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
  const { json, bytes } = model;
  const [group] = json['weightsManifest'] as [{ weights: tf.io.WeightsManifestEntry[] }];
  const loaded = await tf.loadGraphModel(
    tf.io.fromMemory({
      ...(json as unknown as tf.io.ModelArtifacts),
      weightSpecs: group.weights,
      weightData: new Uint8Array(bytes).buffer,
    }),
  );
  const feeds = Object.fromEntries(
    [...inputs].map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data as Float32Array, [...shape], dtype as 'float32' | 'int32'),
    ]),
  );
  const names = Object.values(model.outputs).map(({ name }) => name);
  const { modelTopology } = json as { modelTopology: { library?: unknown } };
  const results = modelTopology.library
    ? await loaded.executeAsync(feeds, names)
    : loaded.execute(feeds, names);
  const list = Array.isArray(results) ? results : [results];
  const entries = Object.keys(model.outputs).map((key, at) => [key, fromTfjs(list[at]!)] as const);
  tf.dispose([...Object.values(feeds), ...list]);
  loaded.dispose();
  return new Map(entries);
}

function fromTfjs(tensor: tf.Tensor): Tensor {
  const data = tensor.dataSync();
  if (sizeOf(tensor.shape) !== data.length) throw new Error('tfjs gave a tensor without its elements');
  return tensor.dtype === 'float32'
    ? Tensor.float32(tensor.shape, Float32Array.from(data))
    : Tensor.of('int32', tensor.shape, Int32Array.from(data));
}
