import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/base/logger.ts';
import { IsobathClient } from '../../src/client/client.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import type { ModelInfo } from '../../src/wire/messages/status.ts';
import { atEnd } from '../support/broker.ts';
import { cli, ended, ready, startCli } from '../support/cli.ts';
import { seededGraph, versionFiles, writeFiles } from '../support/repository.ts';
import { smallInputs } from '../support/small-model.ts';
import { temporaryFolder } from '../support/temporary.ts';

describe('a master that serves a directory, in processes', () => {
  it('moves to new versions, refuses bad ones and gives up removed ones, while every request is answered', async () => {
    const folder = await temporaryFolder();
    const models = join(folder, 'models');
    const importSmall = async (seed: number) => {
      await writeFile(join(folder, 'small.onnx'), writeOnnx(seededGraph(seed)));
      const { code, stdout } = await cli(
        'import',
        join(folder, 'small.onnx'),
        '--models',
        models,
        '--golden',
        'random',
        '--json',
      );
      expect(code).toBe(0);
      return JSON.parse(stdout).version as string;
    };
    expect(await importSmall(1)).toBe('1');

    const quiet = ['--json', '--log-level', 'silent', '--calibration', 'never'];
    const own = ['--port', '0', '--models', models, '--state', join(folder, 'master')];
    const master = startCli(['master', ...own, ...quiet], { ISOBATH_REPOSITORY_POLL_MS: '200' });
    const masterEnd = ended(master);
    const { broker, models: names } = await ready(master);
    expect(names).toEqual(['small']);
    const agents = ['one', 'two'].map((name) =>
      startCli([
        'agent',
        '--broker',
        String(broker),
        '--name',
        name,
        '--state',
        join(folder, name),
        ...quiet,
      ]),
    );
    await Promise.all(agents.map(ready));

    const bus = new MqttBus({ url: String(broker), logger: silentLogger });
    const client = new IsobathClient({ bus, cluster: 'default' });
    await client.start();
    atEnd(() => client.stop());
    const seen: { version?: string; agents: number }[] = [];
    let streaming = true;
    const stream = async () => {
      while (streaming) {
        const { summary } = await client.infer('small', { tensors: smallInputs });
        seen.push(summary);
      }
    };
    const streams = Promise.all([stream(), stream()]);
    // one that fails is told at once, not when the rest of the test has been waited for
    streams.catch(() => undefined);
    const until = async (known: (info: ModelInfo | undefined) => boolean, model = 'small') => {
      for (;;) {
        const info = (await client.models()).find((each) => each.model === model);
        if (known(info)) return info;
        await Promise.race([streams, client.infer('small', { tensors: smallInputs })]);
      }
    };

    await until((info) => info?.agents === 2);
    expect(await importSmall(2)).toBe('2');
    await until((info) => info?.version === '2' && info.agents === 2);

    const wrong = new Map([[seededGraph(3).outputs[0]!, Tensor.zeros('float32', [1, 10, 14, 14])]]);
    await writeFiles(
      join(models, 'small/3'),
      versionFiles(seededGraph(3), { inputs: smallInputs, outputs: wrong }),
    );
    const refused = await until((info) => info?.refused?.some(({ version }) => version === '3') ?? false);
    expect(refused).toMatchObject({
      state: 'serving',
      version: '2',
      refused: [{ error: { code: 'ISO_ERR_GOLDEN_MISMATCH' } }],
    });

    const bytes = writeOnnx(seededGraph(4));
    await writeFiles(models, {
      'small/4/model.onnx': bytes.subarray(0, bytes.length / 2),
      'odd name/1/model.onnx': bytes,
      'line\nend/1/model.onnx': bytes,
      'other/1/model.onnx': bytes,
    });
    const truncated = await until((info) => info?.refused?.some(({ version }) => version === '4') ?? false);
    expect(truncated!.refused!.map(({ version, error: { code } }) => [version, code]).sort()).toEqual([
      ['3', 'ISO_ERR_GOLDEN_MISMATCH'],
      ['4', 'ISO_ERR_MODEL_MALFORMED'],
    ]);
    // the file is completed: that is a change, and it is tried again
    await writeFiles(models, { 'small/4/model.onnx': bytes });
    await until((info) => info?.version === '4');

    await until((info) => info?.state === 'serving', 'other');
    const { stdout } = await cli('models', '--broker', String(broker), '--json');
    expect(JSON.parse(stdout).models.map(({ model, version }: ModelInfo) => [model, version])).toEqual([
      ['small', '4'],
      ['other', '1'],
    ]);
    await rm(join(models, 'other'), { recursive: true });
    await until((info) => info === undefined, 'other');
    await expect(client.infer('other', { tensors: smallInputs })).rejects.toMatchObject({
      code: 'ISO_ERR_MODEL_NOT_SERVED',
    });

    // rolling back is removing
    await rm(join(models, 'small/4'), { recursive: true });
    await until((info) => info?.version === '2');
    streaming = false;
    await streams;
    // what began on version 4 may have ended last
    seen.push((await client.infer('small', { tensors: smallInputs })).summary);
    const versions = seen.map(({ version }) => version).filter((version, at, all) => version !== all[at - 1]);
    expect([versions[0], versions.at(-1), [...new Set(versions)].sort()]).toEqual([
      '1',
      '2',
      ['1', '2', '4'],
    ]);
    master.kill('SIGTERM');
    expect((await masterEnd).code).toBe(0);
  }, 180_000);
});
