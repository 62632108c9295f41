import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { loadModel } from '../../src/formats/load-model.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { simplify } from '../../src/graph/passes/index.ts';
import { float32ToFloat16 } from '../../src/tensor/float16.ts';
import { bytesOf, Tensor } from '../../src/tensor/tensor.ts';
import { seededNormals } from '../../src/zoo/normal.ts';
import { difference, runOnnx } from './onnxruntime.ts';

export { tf };

type Quantized = 'uint8' | 'uint16' | 'float16';
type Spec = tf.io.WeightsManifestEntry;

export interface SaveOptions {
  readonly quantize?: Quantized;
  /** Bytes of a shard. */
  readonly shardBytes?: number;
  /** Changes the topology before it is written. */
  readonly edit?: (topology: Record<string, unknown>) => unknown;
}

/** Gives every weight seeded values of a size that keeps activations near 1; variances are positive. */
export function randomize(model: tf.LayersModel, seed = 1): tf.LayersModel {
  const weights = model.weights.map(({ originalName, shape }, at) => {
    const size = shape.reduce<number>((product, extent) => product * extent!, 1);
    const fanIn = Math.max(1, size / (shape.at(-1) ?? 1));
    const deviation = /kernel/.test(originalName) ? Math.sqrt(1 / fanIn) : 0.5;
    const values = seededNormals(seed + at, originalName, size, deviation);
    const positive = /variance/.test(originalName) ? values.map((value) => Math.abs(value) + 0.5) : values;
    return tf.tensor(positive, shape as number[]);
  });
  model.setWeights(weights);
  return model;
}

/** Writes model.json and its shards as the converter does; gives the path of model.json. */
export async function saveTfjs(
  model: tf.LayersModel,
  folder: string,
  options: SaveOptions = {},
): Promise<string> {
  const { quantize, shardBytes = Number.POSITIVE_INFINITY, edit } = options;
  const file = join(folder, 'model.json');
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      const data = new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData));
      const stored = quantize
        ? quantized(data, artifacts.weightSpecs!, quantize)
        : { data, specs: artifacts.weightSpecs! };
      const paths: string[] = [];
      for (let at = 0; at < Math.max(1, stored.data.length); at += shardBytes) {
        paths.push(`group1-shard${paths.length + 1}.bin`);
        await writeFile(join(folder, paths.at(-1)!), stored.data.subarray(at, at + shardBytes));
      }
      const topology = artifacts.modelTopology as Record<string, unknown>;
      const { format, generatedBy } = artifacts;
      const json = {
        ...{ format, generatedBy, convertedBy: null },
        modelTopology: edit ? edit(topology) : topology,
        weightsManifest: [{ paths, weights: stored.specs }],
      };
      await writeFile(file, JSON.stringify(json));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return file;
}

/** Writes a model.json whose topology nobody checks, with its weights in one shard. */
export async function writeTfjs(
  folder: string,
  modelTopology: unknown,
  weights: Readonly<Record<string, Tensor<'float32'>>> = {},
): Promise<string> {
  const specs = Object.entries(weights).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const file = join(folder, 'model.json');
  await writeFile(
    join(folder, 'w.bin'),
    Buffer.concat(Object.values(weights).map(({ data }) => bytesOf(data))),
  );
  await writeFile(
    file,
    JSON.stringify({ modelTopology, weightsManifest: [{ paths: ['w.bin'], weights: specs }] }),
  );
  return file;
}

/** As the converter quantises: the range of a weight in equal steps. */
function quantized(data: Uint8Array, specs: readonly Spec[], dtype: Quantized) {
  let offset = 0;
  const parts: Uint8Array[] = [];
  const changed = specs.map((spec) => {
    const size = spec.shape.reduce((product, extent) => product * extent, 1);
    const values = new Float32Array(data.slice(offset, offset + 4 * size).buffer);
    offset += 4 * size;
    if (dtype === 'float16') {
      parts.push(bytesOf(float32ToFloat16(values)));
      return { ...spec, quantization: { dtype } };
    }
    const min = Math.min(...values);
    const steps = dtype === 'uint8' ? 255 : 65_535;
    const scale = (Math.max(...values) - min) / steps || 1;
    const stored = values.map((value) => Math.round((value - min) / scale));
    parts.push(bytesOf(dtype === 'uint8' ? Uint8Array.from(stored) : Uint16Array.from(stored)));
    return { ...spec, quantization: { dtype, scale, min } };
  });
  return { data: new Uint8Array(Buffer.concat(parts)), specs: changed };
}

/** The model as tfjs itself reads it: the oracle. */
export async function loadOracle(file: string): Promise<tf.LayersModel> {
  const json = JSON.parse(await readFile(file, 'utf8'));
  const groups = json.weightsManifest as { paths: string[]; weights: Spec[] }[];
  const shards = await Promise.all(
    groups.flatMap(({ paths }) => paths.map((path) => readFile(join(dirname(file), path)))),
  );
  const data = Buffer.concat(shards);
  return tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology,
      weightSpecs: groups.flatMap(({ weights }) => weights),
      weightData: data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer,
    }),
  );
}

/** What operations of tfjs give; they are freed. */
export function computed(make: () => tf.Tensor): Tensor<'float32'> {
  return kept(tf.tidy(make));
}

function kept(made: tf.Tensor): Tensor<'float32'> {
  const tensor = Tensor.float32(made.shape, made.dataSync() as Float32Array);
  made.dispose();
  return tensor;
}

export function predict(model: tf.LayersModel, inputs: readonly Tensor[]): Tensor<'float32'>[] {
  const made = tf.tidy(() => {
    const fed = inputs.map(({ data, shape, dtype }) =>
      tf.tensor(data as Float32Array, [...shape], dtype as 'float32' | 'int32'),
    );
    return model.predict(fed.length === 1 ? fed[0]! : fed);
  });
  return (Array.isArray(made) ? made : [made]).map(kept);
}

/** Seeded values for inputs of these shapes. */
export function randomTensors(shapes: readonly (readonly number[])[], seed = 7): Tensor<'float32'>[] {
  return shapes.map((shape, at) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return Tensor.float32(shape, seededNormals(seed, `input ${at}`, size, 1));
  });
}

/** Reads the model at `file`, runs it as it is and as it is deployed, and compares both with tfjs. */
export async function expectAsTfjs(file: string, model: tf.LayersModel, tolerance = 1e-4): Promise<Graph> {
  const { read, graph } = await importTfjs(file);
  const shapes = model.inputs.map(({ shape }) => shape.map((extent) => extent ?? 1));
  expect(graph.inputs.map((name) => graph.types.get(name)!.shape)).toEqual(shapes);
  const inputs = randomTensors(shapes);
  const wanted = predict(model, inputs);
  for (const each of [read, graph]) {
    const got = await runImported(each, inputs);
    const limits = { relative: tolerance, absolute: tolerance };
    expect(got.map((tensor, at) => difference(tensor, wanted[at]!, limits))).toEqual(
      wanted.map(() => undefined),
    );
    expect(each.outputs.map((name) => each.types.get(name)!.shape)).toEqual(wanted.map(({ shape }) => shape));
  }
  return graph;
}

/** A model as the commands prepare it. */
export async function importTfjs(
  file: string,
  shapes: Readonly<Record<string, readonly number[]>> = {},
): Promise<{ read: Graph; graph: Graph }> {
  const read = await loadModel(file, { shapes });
  return { read, graph: inferTypes(simplify(inferTypes(read))) };
}

export async function runImported(graph: Graph, inputs: readonly Tensor[]): Promise<Tensor[]> {
  const named = Object.fromEntries(graph.inputs.map((name, at) => [name, inputs[at]!]));
  const results = await runOnnx(writeOnnx(graph), named);
  return graph.outputs.map((name) => results[name]!);
}
