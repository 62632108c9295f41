import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import type { PictureInput } from '../../../src/formats/manifest.ts';
import { readPlacedImage } from '../../../src/formats/pictures/image.ts';

/** As test/fixtures/pictures/make.py writes it; the versions of the libraries stand there. */
interface Case {
  readonly source: readonly [width: number, height: number] | string;
  readonly says: Partial<PictureInput>;
  readonly target: readonly [width: number, height: number];
  readonly type: 'uint8' | 'float32';
  readonly levels: string;
}
interface Fixture {
  readonly files: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
}

/** The formula of make.py: neighbours differ much, so a wrong weight or a wrong place shows. */
function noise(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const [pixel, channel] = [Math.floor(at / 3), at % 3];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return (x * x * 7 + y * y * 13 + x * y * 5 + channel * 71) % 256;
  });
}

function png([width, height]: readonly [number, number]): Promise<Buffer> {
  return sharp(noise(width, height), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** The levels that the input gets, channels last. */
async function levelsOf(
  bytes: Buffer,
  says: Partial<PictureInput>,
  [width, height]: readonly [number, number],
): Promise<Float32Array> {
  const channels = says.channels ?? 'RGB';
  const count = channels === 'gray' ? 1 : 3;
  const each = (value: number) => new Array<number>(count).fill(value);
  const input = {
    name: 'x',
    scale: 1,
    mean: each(0),
    std: each(1),
    fit: 'stretch',
    ...says,
    channels,
  } as const;
  return (await readPlacedImage(bytes, input, [1, height, width, count])).tensor.data;
}

function greatest(a: Float32Array, b: ArrayLike<number>): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
}

describe.each(['pillow', 'opencv', 'keras', 'torchvision'])('levels as %s gives them', (library) => {
  const file = new URL(`../../fixtures/pictures/${library}.json`, import.meta.url);
  const { files, cases } = JSON.parse(readFileSync(file, 'utf8')) as Fixture;

  it.each(cases.map((each) => [JSON.stringify([each.source, each.target, each.says]), each] as const))(
    '%s',
    async (_, { source, says, target, type, levels }) => {
      const bytes = typeof source === 'string' ? Buffer.from(files[source]!, 'base64') : await png(source);
      const stored = new Uint8Array(Buffer.from(levels, 'base64'));
      const wanted = type === 'uint8' ? stored : new Float32Array(stored.buffer);
      const most = greatest(await levelsOf(bytes, says, target), wanted);
      // whole levels are the same ones; else half a level is allowed, and the rounding of float32
      expect(most).toBeLessThanOrEqual(type === 'uint8' ? 0 : 0.5001);
    },
  );
});

describe('levels as tfjs gives them', () => {
  const sizes = [
    { source: [40, 30], target: [13, 11] },
    { source: [16, 12], target: [37, 29] },
    { source: [40, 12], target: [17, 19] },
    { source: [9, 9], target: [1, 1] },
  ] as const;
  const coordinates = ['asymmetric', 'align-corners', 'half-pixel'] as const;
  const resizes = ['bilinear', 'nearest'] as const;

  it.each(
    sizes.flatMap((size) =>
      coordinates.flatMap((at) => resizes.map((resize) => [size, at, resize] as const)),
    ),
  )('%j %s %s', async ({ source, target }, at, resize) => {
    await tf.setBackend('cpu');
    const picture = tf.tensor3d(noise(source[0], source[1]), [source[1], source[0], 3]);
    const run = resize === 'bilinear' ? tf.image.resizeBilinear : tf.image.resizeNearestNeighbor;
    const wanted = await run(
      picture,
      [target[1], target[0]],
      at === 'align-corners',
      at === 'half-pixel',
    ).data();
    const says = { like: 'tfjs', resize, coordinates: at } as const;
    expect(greatest(await levelsOf(await png(source), says, target), wanted)).toBeLessThanOrEqual(1e-3);
  });
});
