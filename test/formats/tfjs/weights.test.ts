import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadModel } from '../../../src/formats/load-model.ts';
import { LIMITS, TfjsContext } from '../../../src/formats/tfjs/context.ts';
import { readModelJson } from '../../../src/formats/tfjs/model-json.ts';
import { readWeights } from '../../../src/formats/tfjs/weights.ts';
import { float32ToFloat16 } from '../../../src/tensor/float16.ts';
import { bytesOf } from '../../../src/tensor/tensor.ts';
import { coded } from '../../support/code.ts';
import { temporaryFolder } from '../../support/temporary.ts';

let folder = '';
let context: TfjsContext;
beforeEach(async () => {
  folder = await temporaryFolder();
  context = new TfjsContext('model.json', folder);
});

const VALUES = Float32Array.from({ length: 10 }, (_, at) => at / 3 - 1);
const floats = (name: string, shape: number[]) => ({ name, dtype: 'float32', shape });

async function shard(name: string, data: ArrayBufferView): Promise<void> {
  await writeFile(join(folder, name), bytesOf(data));
}

describe('readWeights', () => {
  it('reads several groups, each of shards that are cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 5 }), async (given) => {
        const cuts = [0, ...given.sort((a, b) => a - b), 40];
        const paths = cuts.slice(1).map((_, at) => `group1-shard${at + 1}of${cuts.length - 1}.bin`);
        for (const [at, path] of paths.entries()) {
          await shard(path, bytesOf(VALUES).subarray(cuts[at]!, cuts[at + 1]!));
        }
        await shard('group2', Int32Array.of(-5, 70_000));
        const weights = readWeights(
          [
            { paths, weights: [floats('a', [3]), floats('none', [0, 2]), floats('b', [7, 1])] },
            { paths: ['group2'], weights: [{ name: 'c', dtype: 'int32', shape: [2] }] },
          ],
          context,
        );
        expect([...weights.keys()]).toEqual(['a', 'none', 'b', 'c']);
        expect(weights.get('a')!.data).toEqual(VALUES.slice(0, 3));
        expect(weights.get('b')!.data).toEqual(VALUES.slice(3));
        expect(weights.get('b')!.shape).toEqual([7, 1]);
        expect(weights.get('c')!.data).toEqual(Int32Array.of(-5, 70_000));
      }),
      { numRuns: 25 },
    );
  });

  it('gives quantised weights the values that they stand for', async () => {
    await shard('w', Uint8Array.of(0, 3, 255, 1, 0));
    await shard('v', Uint16Array.of(0, 65_535, 7));
    await shard('h', float32ToFloat16(Float32Array.of(0.5, -2)));
    const quantized = (name: string, dtype: string, count: number, quantization: object) => ({
      ...{ name, dtype, shape: [count], quantization },
    });
    const weights = readWeights(
      [
        {
          paths: ['w'],
          weights: [
            quantized('bytes', 'float32', 3, { dtype: 'uint8', scale: 0.25, min: -1 }),
            { name: 'flags', dtype: 'bool', shape: [2] },
          ],
        },
        {
          paths: ['v'],
          weights: [
            quantized('words', 'float32', 2, { dtype: 'uint16', scale: 2, min: 1 }),
            quantized('whole', 'int32', 1, { dtype: 'uint16', scale: 0.5, min: -10 }),
          ],
        },
        { paths: ['h'], weights: [quantized('halves', 'float32', 2, { dtype: 'float16' })] },
      ],
      context,
    );
    expect([...weights.values()].map(({ dtype, data }) => [dtype, [...data]])).toEqual([
      ['float32', [-1, -0.25, 62.75]],
      ['bool', [1, 0]],
      ['float32', [1, 131_071]],
      ['int32', [-6]],
      ['float32', [0.5, -2]],
    ]);
  });

  it('follows a path below the folder, and none out of it', async () => {
    await mkdir(join(folder, 'model'));
    await mkdir(join(folder, 'model', 'parts'));
    await shard('secret', VALUES);
    await shard('model/parts/w', VALUES);
    await symlink(join(folder, 'secret'), join(folder, 'model', 'link'));
    const inner = new TfjsContext('model.json', join(folder, 'model'));
    const read = (path: string) => readWeights([{ paths: [path], weights: [floats('w', [10])] }], inner);
    expect(read('parts/w').get('w')!.data).toEqual(VALUES);
    for (const path of [
      '../secret',
      join(folder, 'secret'),
      'link',
      'parts/../../secret',
      '',
      'parts',
      'a\0b',
    ]) {
      expect(() => read(path)).toThrow(coded('ISO_ERR_EXTERNAL_DATA'));
    }
  });

  it.each([
    ['a missing shard', ['absent'], [floats('w', [10])], 'ISO_ERR_EXTERNAL_DATA', 'cannot be found'],
    ['a truncated shard', ['w'], [floats('w', [11])], 'ISO_ERR_EXTERNAL_DATA', '40 bytes, fewer than the 44'],
    [
      'a shard that is too long',
      ['w'],
      [floats('w', [9])],
      'ISO_ERR_EXTERNAL_DATA',
      '40 bytes, more than the 36',
    ],
    ['a huge shape', ['w'], [floats('w', [2 ** 30, 2 ** 30])], 'ISO_ERR_MODEL_TOO_LARGE', 'its weight w'],
    [
      'many large shapes',
      ['w'],
      Array.from({ length: 9 }, (_, at) => floats(`w${at}`, [2 ** 29])),
      'ISO_ERR_MODEL_TOO_LARGE',
      'its weights',
    ],
    ['a negative extent', ['w'], [floats('w', [-1])], 'ISO_ERR_MODEL_MALFORMED', '[-1]'],
    [
      'a shape that is none',
      ['w'],
      [{ name: 'w', dtype: 'float32', shape: '10' }],
      'ISO_ERR_MODEL_MALFORMED',
      'shape',
    ],
    ['a name that is none', ['w'], [floats('', [10])], 'ISO_ERR_MODEL_MALFORMED', 'name'],
    ['a name twice', ['w'], [floats('w', [5]), floats('w', [5])], 'ISO_ERR_MODEL_MALFORMED', 'twice'],
    ['texts', ['w'], [{ name: 'w', dtype: 'string', shape: [1] }], 'ISO_ERR_MODEL_UNSUPPORTED', '"string"'],
    [
      'complex numbers',
      ['w'],
      [{ name: 'w', dtype: 'complex64', shape: [5] }],
      'ISO_ERR_MODEL_UNSUPPORTED',
      '"complex64"',
    ],
    [
      'an unknown quantisation',
      ['w'],
      [{ ...floats('w', [40]), quantization: { dtype: 'int4' } }],
      'ISO_ERR_MODEL_UNSUPPORTED',
      '"int4"',
    ],
    [
      'a quantisation without scale',
      ['w'],
      [{ ...floats('w', [40]), quantization: { dtype: 'uint8', min: 0 } }],
      'ISO_ERR_MODEL_MALFORMED',
      'scale',
    ],
    ['no paths', undefined, [], 'ISO_ERR_MODEL_MALFORMED', 'paths'],
  ] as const)('refuses %s', async (_, paths, weights, code, text) => {
    await shard('w', VALUES);
    expect(() => readWeights([{ paths, weights }], context)).toThrow(coded(code, text));
  });

  it('says so where a shard changed after it was looked at', async () => {
    await shard('w', VALUES);
    const weights = readWeights([{ paths: ['w'], weights: [floats('w', [10])] }], context);
    await writeFile(join(folder, 'w'), 'short');
    expect(() => weights.get('w')!.data).toThrow(coded('ISO_ERR_EXTERNAL_DATA', 'ends after 5 bytes'));
  });
});

describe('readModelJson', () => {
  const write = async (text: string) => {
    const file = join(folder, 'model.json');
    await writeFile(file, text);
    return file;
  };

  it.each([
    ['{"modelTopology": {"model_config": {}}, "weightsManifest": []}', 'layers-model'],
    [
      '{"modelTopology": {"class_name": "Sequential", "config": []}, "format": "graph-model"}',
      'layers-model',
    ],
    ['{"modelTopology": {"node": []}, "weightsManifest": []}', 'graph-model'],
    ['{"modelTopology": "{\\"node\\": []}", "format": "graph-model"}', 'graph-model'],
  ])('tells %s', async (text, format) => {
    expect(await readModelJson(await write(text))).toMatchObject({ format });
  });

  it.each([
    ['<!DOCTYPE html><html>404</html>', 'web page'],
    ['', 'empty'],
    ['{"modelTopology": {"node": [', 'not JSON'],
    ['\xff\xfe', 'cannot be read'],
    ['[1, 2]', 'a list'],
    ['{"name": "an app", "icons": []}', 'no modelTopology'],
    ['{"modelTopology": {}, "format": "tflite"}', '"tflite"'],
    ['{"modelTopology": 7}', 'a number'],
  ])('refuses %s', async (text, reason) => {
    const file = join(folder, 'model.json');
    await writeFile(file, text, 'latin1');
    await expect(loadModel(file)).rejects.toEqual(coded('ISO_ERR_MODEL_MALFORMED', reason));
    await expect(loadModel(folder)).rejects.toEqual(coded('ISO_ERR_MODEL_MALFORMED', reason));
  });

  it('refuses a file that is larger than any structure', async () => {
    const file = await write(' '.repeat(LIMITS.jsonBytes + 1));
    await expect(loadModel(file)).rejects.toEqual(coded('ISO_ERR_MODEL_TOO_LARGE'));
  });

  it('says that a file, or a folder with a model.json, is not there', async () => {
    for (const path of [join(folder, 'model.json'), folder, join(folder, 'x.onnx')]) {
      await expect(loadModel(path)).rejects.toEqual(coded('ISO_ERR_MODEL_NOT_FOUND'));
    }
  });
});
