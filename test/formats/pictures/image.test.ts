import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import type { PictureInput } from '../../../src/formats/manifest.ts';
import { readPlacedImage } from '../../../src/formats/pictures/image.ts';
import { coded } from '../../support/code.ts';

const INPUT: PictureInput = {
  name: 'image',
  channels: 'RGB',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  fit: 'stretch',
};
const PLAIN: PictureInput = { ...INPUT, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
const GRAY: PictureInput = { ...PLAIN, channels: 'gray', mean: [0], std: [1] };

type Pixel = readonly number[];
const RED: Pixel = [255, 0, 0];
const GREEN: Pixel = [0, 255, 0];
const BLUE: Pixel = [0, 0, 255];
const BLACK: Pixel = [0, 0, 0];

/** A picture of the given rows of pixels. */
function picture(rows: readonly (readonly Pixel[])[]): Sharp {
  const channels = rows[0]![0]!.length as 1 | 3 | 4;
  const raw = { width: rows[0]!.length, height: rows.length, channels };
  return sharp(Buffer.from(rows.flat(2)), { raw });
}

/** The rows of pixels of an unscaled tensor [1, C, H, W]. */
function rowsOf({ shape, data }: { shape: readonly number[]; data: Float32Array }): number[][][] {
  const [, channels, height, width] = shape as [number, number, number, number];
  const at = (row: number, column: number) =>
    Array.from({ length: channels }, (_, channel) => data[(channel * height + row) * width + column]!);
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => at(row, column)),
  );
}

const stripes = (count: number, ...colours: Pixel[]) =>
  colours.flatMap((colour) => new Array<Pixel>(count).fill(colour));
const noise = Array.from({ length: 5 }, (_, row) =>
  Array.from({ length: 7 }, (_, column) => [row * 50, column * 36, (row * 91 + column * 57) % 256]),
);

const readImage = async (...given: Parameters<typeof readPlacedImage>) =>
  (await readPlacedImage(...given)).tensor;

describe('readPlacedImage', () => {
  it.each(['RGB', 'BGR', 'gray'] as const)(
    'puts the channels last where the input has them there (%s)',
    async (channels) => {
      const input = channels === 'gray' ? { ...GRAY, scale: 0.5, mean: [3] } : { ...INPUT, channels };
      const depth = channels === 'gray' ? 1 : 3;
      const bytes = await picture(noise).png().toBuffer();
      const first = await readImage(bytes, input, [1, depth, 5, 7]);
      const last = await readImage(bytes, input, [1, 5, 7, depth]);
      expect(last.shape).toEqual([1, 5, 7, depth]);
      const moved = first.data.map((_, at) => first.data[(at % depth) * 35 + Math.floor(at / depth)]!);
      expect(last.data).toEqual(moved);
    },
  );

  it('asks the manifest where the shape does not tell the layout', async () => {
    const bytes = await picture(noise).png().toBuffer();
    const square = [1, 3, 3, 3];
    const [first, last] = await Promise.all(
      (['NCHW', 'NHWC'] as const).map((layout) => readImage(bytes, { ...PLAIN, layout }, square)),
    );
    expect(first!.data).toEqual((await readImage(bytes, PLAIN, square)).data);
    expect(last!.data).toEqual(first!.data.map((_, at) => first!.data[(at % 3) * 9 + Math.floor(at / 3)]!));
    await expect(readImage(bytes, { ...PLAIN, layout: 'NHWC' }, [1, 3, 5, 7])).rejects.toEqual(
      coded('ISO_ERR_INPUT_MISMATCH', '[1, height, width, 3]'),
    );
  });

  it('scales, shifts and divides each channel into its plane', async () => {
    const { shape, data } = await readImage(await picture(noise).png().toBuffer(), INPUT, [1, 3, 5, 7]);
    expect(shape).toEqual([1, 3, 5, 7]);
    const expected = [0, 1, 2].flatMap((channel) =>
      noise
        .flat()
        .map((pixel) => Math.fround((pixel[channel]! / 255 - INPUT.mean[channel]!) / INPUT.std[channel]!)),
    );
    expect(data).toHaveLength(expected.length);
    expected.forEach((value, at) => {
      expect(data[at]).toBeCloseTo(value, 5);
    });
  });

  it('orders the channels as BGR where the model wants it, with the mean in that order', async () => {
    const input: PictureInput = { ...PLAIN, channels: 'BGR', mean: [100, 0, 0] };
    const { data } = await readImage(
      await picture([[[1, 2, 3]]])
        .png()
        .toBuffer(),
      input,
      [1, 3, 1, 1],
    );
    expect([...data]).toEqual([3 - 100, 2, 1]);
  });

  it.each(['png', 'webp', 'gif', 'tiff', 'jpeg'] as const)('decodes %s', async (format) => {
    const lossless = format === 'webp' ? { lossless: true } : format === 'tiff' ? { compression: 'lzw' } : {};
    const bytes = await picture(Array.from({ length: 16 }, () => stripes(8, RED, BLUE)))
      .toFormat(format, lossless as object)
      .toBuffer();
    const rows = rowsOf(await readImage(bytes, PLAIN, [1, 3, 16, 16]));
    for (const [column, colour] of [
      [0, RED],
      [15, BLUE],
    ] as const) {
      rows[0]![column]!.forEach((value, channel) => {
        expect(Math.abs(value - colour[channel]!)).toBeLessThan(4);
      });
    }
  });

  it('cuts off the sides with cover', async () => {
    const wide = await picture([...new Array(8)].map(() => stripes(8, RED, GREEN, BLUE)))
      .png()
      .toBuffer();
    const rows = rowsOf(await readImage(wide, { ...PLAIN, fit: 'cover' }, [1, 3, 8, 8]));
    expect(rows.flat()).toEqual(new Array(64).fill(GREEN));
  });

  it('adds black bars with contain', async () => {
    const wide = await picture([...new Array(4)].map(() => stripes(8, GREEN)))
      .png()
      .toBuffer();
    const rows = rowsOf(await readImage(wide, { ...PLAIN, fit: 'contain' }, [1, 3, 8, 8]));
    expect(rows.map((row) => row[3])).toEqual([BLACK, BLACK, GREEN, GREEN, GREEN, GREEN, BLACK, BLACK]);
  });

  it('distorts with stretch', async () => {
    const wide = await picture([...new Array(8)].map(() => stripes(16, RED, BLUE)))
      .png()
      .toBuffer();
    const rows = rowsOf(await readImage(wide, PLAIN, [1, 3, 8, 8]));
    expect(rows[0]![0]).toEqual(RED);
    expect(rows[7]![7]).toEqual(BLUE);
  });

  it('turns a picture upright by its EXIF orientation', async () => {
    // Orientation 6: the stored top is the right side of the scene, so the stored left becomes the top.
    const bytes = await picture([...new Array(16)].map(() => stripes(8, RED, BLUE)))
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const rows = rowsOf(await readImage(bytes, PLAIN, [1, 3, 16, 16]));
    expect([rows[0]![0], rows[0]![15], rows[15]![0]]).toEqual([RED, RED, BLUE]);
  });

  it('lays transparency on black', async () => {
    const bytes = await picture([
      [
        [200, 100, 50, 0],
        [200, 100, 50, 255],
      ],
    ])
      .png()
      .toBuffer();
    expect(rowsOf(await readImage(bytes, PLAIN, [1, 3, 1, 2]))).toEqual([[BLACK, [200, 100, 50]]]);
  });

  it('makes gray of colour and colour of gray', async () => {
    const gray = await picture([[[0], [128], [255]]])
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await sharp(gray).metadata()).channels).toBe(1);
    expect([...(await readImage(gray, GRAY, [1, 1, 1, 3])).data]).toEqual([0, 128, 255]);
    expect(rowsOf(await readImage(gray, PLAIN, [1, 3, 1, 3]))[0]![1]).toEqual([128, 128, 128]);
    const colour = await picture([[[128, 128, 128], RED]])
      .png()
      .toBuffer();
    const [middle, red] = (await readImage(colour, GRAY, [1, 1, 1, 2])).data;
    expect(middle).toBe(128);
    expect(red).toBeGreaterThan(40);
    expect(red).toBeLessThan(140);
  });

  it('reads 16 bits per channel and CMYK', async () => {
    const deep = await picture([[[10, 20, 30]]])
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect([...(await readImage(deep, PLAIN, [1, 3, 1, 1])).data]).toEqual([10, 20, 30]);
    expect((await readImage(deep, GRAY, [1, 1, 1, 1])).data[0]).toBeLessThan(30);
    const cmyk = await picture([...new Array(8)].map(() => stripes(8, [255, 255, 255])))
      .toColourspace('cmyk')
      .jpeg()
      .toBuffer();
    expect((await readImage(cmyk, PLAIN, [1, 3, 8, 8])).data[0]).toBeGreaterThan(240);
  });

  describe('from a file', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'isobath-image-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('reads it whatever its name says', async () => {
      const path = join(folder, 'picture.txt');
      await writeFile(
        path,
        await picture([[RED]])
          .png()
          .toBuffer(),
      );
      expect([...(await readImage(path, PLAIN, [1, 3, 1, 1])).data]).toEqual(RED);
    });

    it('says when there is none', async () => {
      const path = join(folder, 'nothing.png');
      await expect(readImage(path, PLAIN, [1, 3, 1, 1])).rejects.toEqual(
        coded('ISO_ERR_INPUT_NOT_FOUND', path),
      );
      await expect(readImage(folder, PLAIN, [1, 3, 1, 1])).rejects.toEqual(
        coded('ISO_ERR_INPUT_UNREADABLE', 'not a file'),
      );
    });
  });

  it('refuses a small file that unpacks to billions of pixels', async () => {
    const bytes = await picture([[RED]])
      .gif()
      .toBuffer();
    const image = bytes.indexOf(0x2c, 13);
    for (const at of [6, 8, image + 5, image + 7]) bytes.writeUInt16LE(65_535, at);
    await expect(readImage(bytes, PLAIN, [1, 3, 8, 8])).rejects.toEqual(
      coded('ISO_ERR_INPUT_UNREADABLE', 'pixel limit'),
    );
  });

  it('refuses what is cut off, and formats that can refer to other files', async () => {
    const rows = Array.from({ length: 64 }, (_, row) =>
      Array.from({ length: 64 }, (_, at) => [row * 4, at * 4, 7]),
    );
    const jpeg = await picture(rows).jpeg().toBuffer();
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
    for (const bytes of [jpeg.subarray(0, jpeg.length / 2), jpeg.subarray(0, 16), svg, Buffer.alloc(0)]) {
      await expect(readImage(bytes, PLAIN, [1, 3, 8, 8])).rejects.toEqual(coded('ISO_ERR_INPUT_UNREADABLE'));
    }
  });

  it.each([[[1, 1, 8, 8]], [[2, 3, 8, 8]], [[3, 8, 8]], [[1, 8, 8, 1]], [[1, 3, 0, 8]]])(
    'refuses to fill the shape %j',
    async (shape) => {
      const bytes = await picture([[RED]])
        .png()
        .toBuffer();
      await expect(readImage(bytes, PLAIN, shape)).rejects.toEqual(coded('ISO_ERR_INPUT_MISMATCH', 'image'));
    },
  );
});
