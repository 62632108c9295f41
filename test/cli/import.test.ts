import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import { loadVersion } from '../../src/repository/load.ts';
import { bytesOf } from '../../src/tensor/tensor.ts';
import { cli } from '../support/cli.ts';
import { seededGraph } from '../support/repository.ts';
import { temporaryFolder } from '../support/temporary.ts';

describe('isobath import', () => {
  let folder: string;
  let models: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    models = join(folder, 'models');
  });
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await cli('import', ...args, '--json');
    expect(stderr).toBe('');
    return { code, ...JSON.parse(stdout) };
  };
  const manifestOf = async (place: string) =>
    JSON.parse(await readFile(join(models, place, 'manifest.json'), 'utf8'));
  const model = async (name = 'net.onnx') => {
    await writeFile(join(folder, name), writeOnnx(seededGraph(1)));
    return join(folder, name);
  };
  /** A model that takes pictures; its manifest stays behind. */
  const street = async () => {
    await copyFile('models/street/street.onnx', join(folder, 'net.onnx'));
    return join(folder, 'net.onnx');
  };
  /** The same model with its filters in a file beside it. */
  const external = async () => {
    await mkdir(join(folder, 'split/weights/deep'), { recursive: true });
    const parts: Uint8Array[] = [];
    const files: string[] = [];
    const bytes = writeOnnx(seededGraph(1), {
      external: (name, tensor) => {
        const path = `${parts.length % 2 === 0 ? 'weights/deep/' : ''}${name.replaceAll('/', '-')}.bin`;
        files.push(path);
        parts.push(bytesOf(tensor.data));
        return { location: `./${path}` };
      },
    });
    for (const [at, file] of files.entries()) await writeFile(join(folder, 'split', file), parts[at]!);
    await writeFile(join(folder, 'split/net.onnx'), bytes);
    return { path: join(folder, 'split/net.onnx'), files };
  };

  it.each([
    [
      ['--like', 'torchvision', '--resize', 'bicubic', '--no-antialias'],
      { like: 'torchvision', resize: 'bicubic', antialias: false },
    ],
    [
      ['--like', 'tfjs', '--resize', 'nearest', '--coordinates', 'align-corners'],
      { like: 'tfjs', resize: 'nearest', coordinates: 'align-corners' },
    ],
  ])('stores how pictures are resized: %j', async (flags, input) => {
    const { code } = await run(await street(), '--models', models, ...flags);
    expect(code).toBe(0);
    expect((await manifestOf('net/1')).input).toMatchObject(input);
  });

  it.each([
    [['--like', 'torchvision', '--resize', 'area'], 'input.resize is area'],
    [['--like', 'opencv', '--antialias'], 'input.antialias is true'],
    [['--like', 'keras', '--coordinates', 'half-pixel'], 'input.coordinates is for input.like tfjs'],
  ])('refuses a resize that the library has not: %j', async (flags, words) => {
    const { code, error } = await run(await street(), '--models', models, ...flags);
    expect([code, error.code]).toEqual([1, 'ISO_ERR_MANIFEST_INVALID']);
    expect(error.message).toContain(words);
  });

  it('stores nothing beside the directory, whatever name a manifest brings', async () => {
    const file = await model();
    const manifest = { name: '..', version: '1', model: 'net.onnx', task: 'tensor' };
    await writeFile(join(folder, 'net.manifest.json'), JSON.stringify(manifest));
    expect(await run(file, '--models', models)).toMatchObject({ code: 2, error: { code: 'ISO_ERR_USAGE' } });
    expect((await readdir(folder)).sort()).toEqual(['net.manifest.json', 'net.onnx']);
  });

  it('names the manifest file that is wrong, and takes --input alone for what takes pictures', async () => {
    const other = join(folder, 'other.json');
    const output = { name: 'nothing', activation: 'none' };
    await writeFile(other, JSON.stringify({ name: 'n', version: '1', model: 'm', task: 'tensor', output }));
    const { error } = await run(await model(), '--dry-run', '--manifest', other);
    expect(error).toMatchObject({
      code: 'ISO_ERR_MANIFEST_INVALID',
      message: expect.stringContaining(other),
    });
    const slip = await run(await model(), '--dry-run', '--input', 'nothing');
    expect(slip.error).toMatchObject({
      code: 'ISO_ERR_MANIFEST_INVALID',
      message: expect.stringContaining('nothing'),
    });
  });

  it('stores a model with golden outputs as a version that loads again', async () => {
    const result = await run(await model(), '--models', models, '--golden', 'random', '--golden', 'random');
    expect(result).toMatchObject({
      ...{
        code: 0,
        name: 'net',
        version: '1',
        folder: join(models, 'net/1'),
        task: 'tensor',
        pictures: false,
      },
      totals: { layers: 3, macs: expect.any(Number), filterBytes: expect.any(Number) },
      distribution: { depth: { layers: 2 }, local: [] },
      golden: [
        { input: 'random', tolerance: 1e-3 },
        { input: 'random', tolerance: 1e-3 },
      ],
    });
    expect(result.layers.length).toBe(3);
    const engine = new OnnxruntimeEngine({ threads: 1 });
    const { golden, manifest } = await loadVersion(result.folder, engine);
    expect([golden.length, manifest]).toMatchObject([2, { name: 'net', version: '1', model: 'model.onnx' }]);
    const [first, second] = golden.map(({ inputs }) => inputs.get('image')!.data);
    expect(first).not.toEqual(second);
    expect((await run(await model(), '--models', models)).version).toBe('2');
  });

  it('keeps a picture that is golden, and what prepares it', async () => {
    const sample = 'models/street/samples/car.png';
    const result = await run(
      'street',
      '--models',
      models,
      '--name',
      'signs',
      '--version',
      '7',
      '--golden',
      sample,
    );
    expect(result).toMatchObject({
      code: 0,
      name: 'signs',
      version: '7',
      task: 'classification',
      labels: 12,
      pictures: true,
      notes: [],
    });
    const manifest = await manifestOf('signs/7');
    expect(manifest).toMatchObject({ name: 'signs', version: '7', labels: expect.arrayContaining(['car']) });
    expect(manifest.golden[0].inputs).toEqual({ image: 'golden/1/picture.png' });
    expect(await readFile(join(models, 'signs/7/golden/1/picture.png'))).toEqual(await readFile(sample));
  });

  it('stores what lies beside the model and below it, too', async () => {
    const { path, files } = await external();
    const { folder: stored } = await run(path, '--models', models);
    const kept = (await readdir(stored, { recursive: true, withFileTypes: true })).filter((file) =>
      file.isFile(),
    );
    expect(kept.map(({ parentPath, name }) => relative(stored, join(parentPath, name))).sort()).toEqual(
      ['manifest.json', 'model.onnx', ...files].sort(),
    );
    await loadVersion(stored, new OnnxruntimeEngine());
  });

  it('writes the manifest that its options describe', async () => {
    const labels = join(folder, 'labels.txt');
    await writeFile(labels, Array.from({ length: 12 }, (_, at) => `class ${at}`).join('\n'));
    await copyFile('models/street/street.onnx', join(folder, 'net.onnx'));
    const { code, notes } = await run(
      ...[join(folder, 'net.onnx'), '--models', models, '--labels', labels, '--mean', '0.485,0.456,0.406'],
      ...[
        '--std',
        '0.229,0.224,0.225',
        '--scale',
        '1/255',
        '--channels',
        'BGR',
        '--fit',
        'stretch',
        '--license',
        'MIT',
      ],
    );
    expect([code, notes]).toEqual([0, []]);
    expect(await manifestOf('net/1')).toMatchObject({
      ...{ task: 'classification', license: 'MIT', labels: expect.arrayContaining(['class 11']) },
      input: {
        ...{ name: 'image', channels: 'BGR', scale: 1 / 255, fit: 'stretch' },
        ...{ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
      },
    });
  });

  it('checks without storing', async () => {
    const result = await run(await model(), '--dry-run');
    expect(result).toMatchObject({ code: 0, version: null, folder: null });
    expect(result.notes[0]).toContain('tensors only');
    expect(await run(await model(), '--dry-run', '--models', models)).toMatchObject({
      code: 0,
      version: '1',
    });
    expect(await readdir(folder)).toEqual(['net.onnx']);
  });

  it('builds a model of the zoo into a file', async () => {
    expect(await run('zoo:squeezenet', '--models', models)).toMatchObject({
      code: 0,
      name: 'squeezenet',
      version: '1',
    });
  });

  it('tells people what becomes of each layer', async () => {
    const { stdout } = await cli('import', 'street', '--dry-run');
    expect(stdout).toMatch(/^Layer +Operator/);
    expect(stdout).toMatch(/8 layers can be cut by depth: 100.0 % of 56.3 M MACs/);
    expect(stdout).toMatch(/Whole +GlobalAveragePool, Flatten, Softmax/);
  });

  describe('refuses', () => {
    it('a version that exists, before it runs the model', async () => {
      await run(await model(), '--models', models, '--version', '3');
      const { code, error } = await run(await model(), '--models', models, '--version', '3');
      expect([code, error.code]).toEqual([1, 'ISO_ERR_VERSION_EXISTS']);
      expect(error.cure).toContain('free number, 4');
    });

    it.each([
      ['no place to store', [], 2, 'ISO_ERR_USAGE'],
      ['a version that is no number', ['--models', 'M', '--version', 'v1'], 2, 'ISO_ERR_USAGE'],
      ['a name that is none', ['--dry-run', '--name', 'a/b'], 1, 'ISO_ERR_TOPIC_INVALID'],
      ['a picture without a manifest', ['--dry-run', '--golden', 'P'], 1, 'ISO_ERR_MANIFEST_NEEDED'],
      [
        'labels that are not there',
        ['--dry-run', '--labels', '/no/labels.txt'],
        1,
        'ISO_ERR_INPUT_NOT_FOUND',
      ],
      ['more labels than classes', ['--dry-run', '--labels', 'L'], 1, 'ISO_ERR_MANIFEST_INVALID'],
      ['channels that the input lacks', ['--dry-run', '--channels', 'gray'], 1, 'ISO_ERR_MANIFEST_INVALID'],
      ['means of another number', ['--dry-run', '--mean', '1,2'], 1, 'ISO_ERR_MANIFEST_INVALID'],
      ['a library that is not known', ['--dry-run', '--like', 'paint'], 2, 'ISO_ERR_USAGE'],
      ['a mean that is no number', ['--dry-run', '--mean', 'a,b,c'], 2, 'ISO_ERR_USAGE'],
    ])('%s', async (_, args, exit, code) => {
      const labels = join(folder, 'labels.txt');
      await writeFile(labels, 'one\ntwo\n');
      const places: Record<string, string> = { M: models, L: labels, P: 'models/street/samples/car.png' };
      const { code: got, error } = await run(await model(), ...args.map((arg) => places[arg] ?? arg));
      expect([got, error.code]).toEqual([exit, code]);
    });

    it('external data under a name that the directory needs itself', async () => {
      const bytes = writeOnnx(seededGraph(1), { external: () => ({ location: 'manifest.json' }) });
      await writeFile(join(folder, 'net.onnx'), bytes);
      await writeFile(join(folder, 'manifest.json'), Buffer.alloc(1 << 16));
      await writeFile(
        join(folder, 'net.manifest.json'),
        JSON.stringify({ name: 'net', version: '1', model: 'net.onnx', task: 'tensor' }),
      );
      const { code, error } = await run(join(folder, 'net.onnx'), '--models', models);
      expect([code, error.code]).toEqual([1, 'ISO_ERR_EXTERNAL_DATA']);
    });

    it('a truncated model', async () => {
      const whole = await readFile('models/street/street.onnx');
      await writeFile(join(folder, 'cut.onnx'), whole.subarray(0, 1000));
      const { code, error } = await run(join(folder, 'cut.onnx'), '--models', models);
      expect([code, error.code]).toEqual([1, 'ISO_ERR_MODEL_MALFORMED']);
      expect(await readdir(folder)).toEqual(['cut.onnx']);
    });
  });
});
