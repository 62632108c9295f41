import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/base/logger.ts';
import { IsobathClient } from '../../src/client/client.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import { atEnd } from '../support/broker.ts';
import { cli, ended, ready, startCli } from '../support/cli.ts';
import { handmade } from '../support/graph-models.ts';
import { difference } from '../support/onnxruntime.ts';
import { numbers } from '../support/operators.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { loadOracle, predict, randomize, saveTfjs, tf } from '../support/tfjs.ts';
import { runTfjs } from '../support/tfjs-graph.ts';

const TOLERANCE = { relative: 1e-4, absolute: 1e-4 };

interface Imported {
  /** Folder of the model.json that is imported. */
  readonly folder: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** What tfjs itself gives. */
  readonly wanted: ReadonlyMap<string, Tensor>;
}

function halved(shape: readonly number[]): Tensor {
  return Tensor.float32(
    shape,
    numbers(shape, 4).data.map((value) => value / 2),
  );
}

/** Quantised, in several shards. */
async function layersModel(): Promise<Imported> {
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [16, 16, 3], filters: 8, kernelSize: 3, padding: 'same', name: 'first' }),
      layers.batchNormalization(),
      layers.reLU(),
      layers.conv2dTranspose({ filters: 6, kernelSize: 3, strides: 2, padding: 'same' }),
      layers.conv2d({ filters: 8, kernelSize: 3, strides: 2 }),
      layers.flatten(),
      layers.dense({ units: 5, name: 'answer' }),
    ],
  });
  const folder = await temporaryFolder();
  const file = await saveTfjs(randomize(model), folder, { quantize: 'uint16', shardBytes: 1500 });
  const input = halved([1, 16, 16, 3]);
  const [wanted] = predict(await loadOracle(file), [input]);
  return { folder, inputs: new Map([['first_input', input]]), wanted: new Map([['answer', wanted!]]) };
}

async function graphModel(): Promise<Imported> {
  const model = handmade();
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'model.json'), JSON.stringify(model.json));
  await writeFile(join(folder, 'group1-shard1of1.bin'), model.bytes);
  const inputs = new Map([['image', halved([1, 24, 24, 3])]]);
  return { folder, inputs, wanted: await runTfjs(model, inputs) };
}

describe('a model of TensorFlow.js that was imported is served by a master with two agents', () => {
  it.each([
    ['layers', layersModel, 'tfjs-wasm'],
    ['graph', graphModel, 'onnxruntime'],
  ] as const)(
    'a %s model',
    async (name, make, engine) => {
      const { folder, inputs, wanted } = await make();
      const place = await temporaryFolder();
      const models = join(place, 'models');
      const own = ['--models', models, '--name', name, '--golden', 'random', '--json', '--engine', engine];
      const imported = await cli('import', folder, ...own);
      expect(imported).toMatchObject({ code: 0, stderr: '' });
      const document = JSON.parse(imported.stdout);
      expect(document).toMatchObject({ name, version: '1' });

      const stored = join(models, name, '1');
      for (const file of (await readdir(folder)).filter((each) => each !== 'manifest.json')) {
        expect(await readFile(join(stored, file))).toEqual(await readFile(join(folder, file)));
      }
      const manifest = JSON.parse(await readFile(join(stored, 'manifest.json'), 'utf8'));
      expect(manifest).toMatchObject({ name, version: '1', model: 'model.json', task: 'tensor' });
      expect(manifest.golden).toHaveLength(1);

      const quiet = ['--json', '--log-level', 'silent', '--calibration', 'never', '--engine', 'onnxruntime'];
      const serving = ['--port', '0', '--models', models, '--state', join(place, 'master')];
      const master = startCli(['master', ...serving, ...quiet], { ISOBATH_REPOSITORY_POLL_MS: '200' });
      const masterEnd = ended(master);
      const { broker, models: names } = await ready(master);
      expect(names).toEqual([name]);
      const agents = ['one', 'two'].map((agent) =>
        startCli([
          ...['agent', '--broker', String(broker), '--name', agent, '--state', join(place, agent)],
          ...quiet,
        ]),
      );
      await Promise.all(agents.map(ready));

      const bus = new MqttBus({ url: String(broker), logger: silentLogger });
      const client = new IsobathClient({ bus, cluster: 'default' });
      await client.start();
      atEnd(() => client.stop());
      // deployed on both: golden outputs were given
      for (;;) {
        const { outputs, summary } = await client.infer(name, { tensors: inputs });
        for (const [output, tensor] of wanted) {
          expect(difference(outputs.get(output)!, tensor, TOLERANCE)).toBeUndefined();
        }
        expect(summary).toMatchObject({ version: '1' });
        if (summary.agents === 2) break;
      }
      master.kill('SIGTERM');
      expect((await masterEnd).code).toBe(0);
    },
    120_000,
  );
});
