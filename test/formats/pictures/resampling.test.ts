import { describe, expect, it } from '@jest/globals';
import { inPicture } from '../../../src/formats/detection/box.ts';
import { checkManifest } from '../../../src/formats/manifest-check.ts';
import { geometryOf } from '../../../src/formats/pictures/placement.ts';

const MANIFEST = { name: 'm', version: '1', model: 'm.onnx', task: 'tensor' };
const INPUT = { name: 'x', channels: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1], fit: 'stretch' };

describe('how a manifest says that pictures are resized', () => {
  const problems = (says: object) => checkManifest({ ...MANIFEST, input: { ...INPUT, ...says } });

  it.each([
    {},
    { resize: 'bicubic', antialias: true },
    { like: 'torchvision', antialias: false },
    { like: 'keras', resize: 'lanczos', antialias: true },
    { like: 'opencv', resize: 'area' },
    { like: 'tfjs', coordinates: 'align-corners' },
  ])('takes %j', (says) => {
    expect(problems(says)).toEqual([]);
  });

  it.each([
    [{ resize: 'sinc' }, 'input.resize is "sinc", but must be one of lanczos'],
    [{ antialias: 'yes' }, 'input.antialias is "yes", but must be true or false'],
    [
      { like: 'tfjs', resize: 'lanczos' },
      'input.resize is lanczos with input.like tfjs, which has bilinear, nearest',
    ],
    [{ resize: 'area' }, 'input.resize is area without input.like'],
    [{ like: 'opencv', antialias: true }, 'its averaging is input.resize area'],
    [{ like: 'torchvision', resize: 'lanczos', antialias: false }, 'input.antialias is false for lanczos'],
    [{ like: 'keras', coordinates: 'asymmetric' }, 'input.coordinates is for input.like tfjs'],
  ])('refuses %j', (says, problem) => {
    expect(problems(says)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('boxes in pixels of the picture', () => {
  const picture = { width: 40, height: 30 };

  it.each([
    // scaled to 14 x 10, 2 rows above it
    ['contain', undefined, [0, 2, 14, 12], [0, 0, 40, 30]],
    // 14 x floor(10.5) rows, of which the first is row floor(1.75)
    ['contain', 'keras', [0, 1, 7, 6], [0, 0, 20, 15]],
    // pixels [5, 35) of each row become 14
    ['cover', 'keras', [0, 0, 14, 14], [5, 0, 30, 30]],
    // 18 columns, of which 2 are cut off in front
    ['cover', 'torchvision', [0, 0, 14, 14], [(2 * 40) / 18, 0, (14 * 40) / 18, 30]],
    ['stretch', 'tfjs', [7, 7, 14, 14], [20, 15, 20, 15]],
  ] as const)('%s like %s', (fit, like, box, wanted) => {
    const { placement } = geometryOf(picture, { width: 14, height: 14 }, fit, like);
    inPicture(box, placement).forEach((value, at) => {
      expect(value).toBeCloseTo(wanted[at]!, 10);
    });
  });
});
