import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { DType } from '../src/tensor/dtype.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import type { WholeModel } from './whole-model.ts';

interface Signature {
  readonly outputs?: Readonly<Record<string, { readonly name: string }>>;
}

/** Newer converters write the signature at the top, older ones among the metadata. */
interface ModelFile extends tf.io.ModelJSON {
  readonly signature?: Signature;
  readonly userDefinedMetadata?: { readonly signature?: Signature };
}

/** A graph model in TensorFlow.js' own executor on its plain CPU backend; outputs have the names of its signature. */
export async function openTfjs(file: string): Promise<WholeModel> {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
  const json = JSON.parse(await readFile(file, 'utf8')) as ModelFile;
  const model = await tf.loadGraphModel({ load: () => artifactsOf(json, dirname(file)) });
  const { signature: written = json.userDefinedMetadata?.signature } = json;
  const signature = Object.entries(written?.outputs ?? {});
  const names = signature.length > 0 ? signature : model.outputs.map(({ name }) => [name, { name }] as const);
  return {
    run: async (inputs) => {
      const feeds = Object.fromEntries(
        [...inputs].map(([name, { dtype, shape, data }]) => {
          return [name, tf.tensor(data as Float32Array, [...shape], dtype as 'float32')];
        }),
      );
      const given = await model.executeAsync(
        feeds,
        names.map(([, { name }]) => name),
      );
      const results = [given].flat();
      const outputs = names.map(([name], at): [string, Tensor] => {
        const { dtype, shape } = results[at]!;
        return [name, Tensor.of(dtype as DType, [...shape], results[at]!.dataSync() as never)];
      });
      tf.dispose([...Object.values(feeds), ...results]);
      return new Map(outputs);
    },
    close: async () => model.dispose(),
  };
}

async function artifactsOf(json: ModelFile, folder: string): Promise<tf.io.ModelArtifacts> {
  const weights = json.weightsManifest.flatMap((group) => group.weights);
  const paths = json.weightsManifest.flatMap((group) => group.paths);
  const shards = await Promise.all(paths.map((path) => readFile(join(folder, path))));
  return { ...json, weightSpecs: weights, weightData: new Uint8Array(Buffer.concat(shards)).buffer };
}
