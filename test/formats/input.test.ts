import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readInput } from '../../src/formats/input.ts';
import type { Manifest } from '../../src/formats/manifest.ts';
import { writeNpy } from '../../src/formats/npy.ts';
import type { DType } from '../../src/tensor/dtype.ts';
import { Tensor, type TensorType } from '../../src/tensor/tensor.ts';
import { coded } from '../support/code.ts';

const MANIFEST: Manifest = {
  name: 'small',
  version: '1',
  model: 'small.onnx',
  task: 'classification',
  input: { name: 'image', channels: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1], fit: 'stretch' },
  labels: [],
};
const SMALL = Tensor.float32([3, 1, 2], [1, 2, 3, 4, 5, 6]);
const type = (shape: number[], dtype: DType = 'float32'): TensorType => ({ dtype, shape });
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

async function png(): Promise<Buffer> {
  return sharp(Buffer.from([1, 3, 5, 2, 4, 6]), { raw: { width: 2, height: 1, channels: 3 } })
    .png()
    .toBuffer();
}

describe('readInput', () => {
  it.each([
    ['npy', writeNpy(SMALL)],
    ['npy of float64', writeNpy(Tensor.of('float64', [1, 3, 1, 2], Float64Array.of(1, 2, 3, 4, 5, 6)))],
    ['npy of uint8', writeNpy(Tensor.of('uint8', [3, 1, 2], Uint8Array.of(1, 2, 3, 4, 5, 6)))],
    ['nested JSON', json([[[1, 2]], [[3, 4]], [[5, 6]]])],
    [
      'JSON with a byte order mark',
      Buffer.concat([Buffer.from('\uFEFF \n'), json([[[[1, 2]], [[3, 4]], [[5, 6]]]])]),
    ],
    ['JSON with a shape', json({ shape: [1, 3, 1, 2], data: [1, 2, 3, 4, 5, 6] })],
  ])('takes %s for [1, C, H, W]', async (_, bytes) => {
    const tensor = await readInput(bytes, { input: 'x', type: type([1, 3, 1, 2]) });
    expect([tensor.dtype, tensor.shape, [...tensor.data]]).toEqual([
      'float32',
      [1, 3, 1, 2],
      [1, 2, 3, 4, 5, 6],
    ]);
  });

  it.each(['float32', 'float16', 'uint8', 'int64'] as const)('takes a picture as %s', async (dtype) => {
    const tensor = await readInput(await png(), {
      input: 'x',
      type: type([1, 3, 1, 2], dtype),
      manifest: MANIFEST,
    });
    expect(tensor.dtype).toBe(dtype);
    const halves = [0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600];
    expect([...tensor.data].map(Number)).toEqual(dtype === 'float16' ? halves : [1, 2, 3, 4, 5, 6]);
  });

  it('keeps whole numbers of JSON that float32 could not', async () => {
    const { data } = await readInput(json([16_777_217, -3]), { input: 'x', type: type([2], 'int64') });
    expect(data).toEqual(BigInt64Array.of(16_777_217n, -3n));
  });

  it('asks for a manifest before it decodes a picture', async () => {
    const options = { input: 'x', type: type([1, 3, 1, 2]), model: 'fog' };
    await expect(readInput(await png(), options)).rejects.toEqual(coded('ISO_ERR_MANIFEST_NEEDED', 'fog'));
  });

  it.each([
    ['another shape', [2, 3, 1, 2], 'float32', '[3, 1, 2]'],
    ['another order', [1, 1, 2, 3], 'float32', '[1, 1, 2, 3]'],
    ['fewer axes', [6], 'float32', 'float32 [6]'],
  ] as [string, number[], DType, string][])('refuses %s', async (_, shape, dtype, text) => {
    await expect(readInput(writeNpy(SMALL), { input: 'x', type: type(shape, dtype) })).rejects.toEqual(
      coded('ISO_ERR_INPUT_MISMATCH', text),
    );
  });

  it('refuses elements that the type of the input cannot hold', async () => {
    await expect(readInput(json([1.5]), { input: 'x', type: type([1], 'int32') })).rejects.toEqual(
      coded('ISO_ERR_INPUT_MISMATCH', 'the value 1.5 at 0'),
    );
    await expect(readInput(json([1e39]), { input: 'x', type: type([1]) })).rejects.toEqual(
      coded('ISO_ERR_INPUT_MISMATCH', '1e+39'),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'empty'],
    ['a text', Buffer.from('hello'), '68656c6c6f'],
    ['broken JSON', Buffer.from('[1, 2'), 'JSON'],
    ['JSON that is not UTF-8', Buffer.from('["\xff"]', 'latin1'), 'utf-8'],
    ['JSON nested a million deep', Buffer.from('['.repeat(1e6) + ']'.repeat(1e6)), 'levels'],
    ['a broken .npy', writeNpy(SMALL).subarray(0, 140), 'follow'],
    ['a broken picture', Buffer.from('\x89PNG\r\n\x1a\n....', 'latin1'), ''],
  ])('refuses %s', async (_, bytes, text) => {
    await expect(
      readInput(bytes, { input: 'x', type: type([1, 3, 1, 2]), manifest: MANIFEST }),
    ).rejects.toEqual(coded('ISO_ERR_INPUT_UNREADABLE', text));
  });

  describe('from a file', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isobath-input-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('goes by content, not by name', async () => {
      const path = join(folder, 'tensor.jpg');
      await writeFile(path, writeNpy(SMALL));
      expect((await readInput(path, { input: 'x', type: type([3, 1, 2]) })).data).toEqual(SMALL.data);
    });

    it('names the file in every error', async () => {
      const options = { input: 'x', type: type([1, 3, 1, 2]), manifest: MANIFEST };
      await expect(readInput(join(folder, 'no.npy'), options)).rejects.toEqual(
        coded('ISO_ERR_INPUT_NOT_FOUND', 'no.npy'),
      );
      for (const [name, content] of [
        ['broken.npy', writeNpy(SMALL).subarray(0, 100)],
        ['broken.png', (await png()).subarray(0, 40)],
        ['broken.json', '[[1], [2, 3]]'],
        ['broken2.json', '[1'],
      ] as const) {
        const path = join(folder, name);
        await writeFile(path, content);
        await expect(readInput(path, options)).rejects.toEqual(coded('ISO_ERR_INPUT_UNREADABLE', path));
      }
    });
  });
});
