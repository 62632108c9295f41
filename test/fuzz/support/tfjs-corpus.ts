import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomize, type SaveOptions, saveTfjs, tf } from '../../support/tfjs.ts';
import type { Model } from './mutator.ts';

const { layers } = tf;

/** A chain of most layers. */
function chain(): tf.LayersModel {
  return tf.sequential({
    layers: [
      layers.conv2d({
        inputShape: [12, 12, 3],
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
      }),
      layers.batchNormalization(),
      layers.zeroPadding2d({ padding: 1 }),
      layers.depthwiseConv2d({ kernelSize: 3, strides: 2 }),
      layers.leakyReLU(),
      layers.separableConv2d({ filters: 5, kernelSize: 3, padding: 'same' }),
      layers.upSampling2d({ size: [2, 2] }),
      layers.conv2dTranspose({ filters: 4, kernelSize: 2, strides: 2 }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.5 }),
      layers.flatten(),
      layers.dense({ units: 6, activation: 'softmax' }),
    ],
  });
}

/** Branches that meet again, twice. */
function branched(): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 4] });
  const conv = (x: tf.SymbolicTensor) =>
    layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(x) as tf.SymbolicTensor;
  const sum = layers.add().apply([conv(input), input]) as tf.SymbolicTensor;
  const joined = layers.concatenate().apply([sum, conv(sum)]) as tf.SymbolicTensor;
  const pooled = layers.globalAveragePooling2d({}).apply(joined) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: pooled });
}

async function saved(name: string, model: tf.LayersModel, options?: SaveOptions): Promise<Model> {
  const folder = await mkdtemp(join(tmpdir(), 'isobath-fuzz-'));
  try {
    await saveTfjs(randomize(model), folder, options);
    const files = new Map<string, Uint8Array>();
    for (const file of await readdir(folder)) files.set(file, await readFile(join(folder, file)));
    return { name, entry: 'model.json', files };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function tfjsCorpus(): Promise<Model[]> {
  return [
    await saved('chain', chain(), { shardBytes: 1000 }),
    await saved('chain as bytes', chain(), { quantize: 'uint8' }),
    await saved('chain as half floats', chain(), { quantize: 'float16' }),
    await saved('branched', branched()),
  ];
}
