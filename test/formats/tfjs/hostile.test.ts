import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it } from '@jest/globals';
import { IsobathError } from '../../../src/base/errors.ts';
import { TfjsContext } from '../../../src/formats/tfjs/context.ts';
import { readLayersModel } from '../../../src/formats/tfjs/layers/read.ts';
import { inferTypes } from '../../../src/graph/infer.ts';
import { simplify } from '../../../src/graph/passes/index.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { saveTfjs, tf } from '../../support/tfjs.ts';

const { layers } = tf;
const MODELS = 3000;
const STRANGE: readonly unknown[] = [
  ...[null, 0, -1, 1, 2, 3, 0.5, 1e9, 2 ** 53, '', 'x', 'Lambda', 'Sequential', 'Add', 'same', true, false],
  ...[
    [],
    {},
    [1],
    [[1, 2]],
    [null, 1, 1, 1],
    ['x', 0, 0],
    { class_name: 'function', config: 'relu' },
    '__proto__',
  ],
];

let folder = '';
let text = '';
beforeAll(async () => {
  folder = await temporaryFolder();
  const input = tf.input({ shape: [12, 12, 3] });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor) => layer.apply(x) as tf.SymbolicTensor;
  const left = apply(
    layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' }),
    input,
  );
  const right = apply(layers.separableConv2d({ filters: 3, kernelSize: 3, padding: 'same' }), input);
  const inner = tf.sequential({
    layers: [
      layers.depthwiseConv2d({ kernelSize: 3, inputShape: [12, 12, 3] }),
      layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2 }),
      layers.upSampling2d({}),
      layers.cropping2D({ cropping: 2 }),
      layers.zeroPadding2d({}),
      layers.averagePooling2d({}),
    ],
  });
  const sum = layers.add().apply([left, right, input]) as tf.SymbolicTensor;
  let x = inner.apply(apply(layers.batchNormalization({}), sum)) as tf.SymbolicTensor;
  for (const layer of [layers.prelu({}), layers.layerNormalization({}), layers.permute({ dims: [2, 3, 1] })])
    x = apply(layer, x);
  x = apply(layers.softmax({}), apply(layers.dense({ units: 4 }), apply(layers.flatten(), x)));
  const file = await saveTfjs(tf.model({ inputs: input, outputs: x }), folder);
  text = await readFile(file, 'utf8');
});

/** Every place in a JSON value, as its holder and key. */
function placesOf(json: unknown): { holder: Record<string, unknown>; key: string }[] {
  if (typeof json !== 'object' || json === null) return [];
  const holder = json as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesOf(holder[key])]);
}

it(`meets ${MODELS} damaged models with coded errors only`, () => {
  // xorshift, so that a failure comes again
  let state = 11;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  let refused = 0;
  for (let at = 0; at < MODELS; at += 1) {
    const json = JSON.parse(text);
    const changes = 1 + Math.floor(next() * 2);
    const told: string[] = [];
    for (let change = 0; change < changes; change += 1) {
      const { holder, key } = pick(
        placesOf({ topology: json.modelTopology, manifest: json.weightsManifest }).slice(1),
      );
      const kind = next();
      if (kind < 0.2) delete holder[key];
      else if (kind < 0.3) holder[key] = structuredClone(pick(placesOf(json.modelTopology)).holder);
      else holder[key] = pick(STRANGE);
      told.push(key);
    }
    const { modelTopology: topology = {}, weightsManifest } = JSON.parse(JSON.stringify(json));
    const context = new TfjsContext('model.json', folder);
    try {
      const model = {
        format: 'layers-model',
        topology: { ...(topology as object) },
        weightsManifest,
        json: {},
        context,
      } as const;
      inferTypes(simplify(inferTypes(readLayersModel(model, {}))));
    } catch (error) {
      refused += 1;
      if (!(error instanceof IsobathError))
        throw new Error(`model ${at} (${told}): ${(error as Error).stack}`);
      expect(error.code).not.toBe('ISO_ERR_INTERNAL');
    }
  }
  expect(refused).toBeGreaterThan(MODELS / 4);
});
