import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { detectedObjects } from '../../../src/formats/detection/index.ts';
import type { Detection, YoloDetection } from '../../../src/formats/detection/spec.ts';
import { geometryOf } from '../../../src/formats/pictures/placement.ts';
import { Tensor } from '../../../src/tensor/tensor.ts';
import { coded } from '../../support/code.ts';

interface Case {
  readonly name: string;
  readonly labels: string[];
  readonly detection: Detection;
  readonly outputs: Record<string, { readonly shape: number[]; readonly data: number[] }>;
  readonly fit?: 'stretch';
  /** What the framework's own post-processing finds. */
  readonly objects: { label: string; score: number; box: number[]; keypoints?: number[][] }[];
}

/** Made by make.py beside it. */
const { input, picture, cases } = JSON.parse(
  readFileSync(new URL('../../fixtures/detection/heads.json', import.meta.url), 'utf8'),
) as { input: [number, number]; picture: [number, number]; cases: Case[] };
const extent = ([width, height]: [number, number]) => ({ width, height });

function found({ detection, labels, outputs, fit = undefined }: Omit<Case, 'name' | 'objects'>) {
  const tensors = Object.entries(outputs).map(
    ([name, { shape, data }]) => [name, Tensor.float32(shape, data)] as const,
  );
  const { placement } = geometryOf(extent(picture), extent(input), fit ?? 'contain');
  return detectedObjects(detection, new Map(tensors), labels, { input: extent(input), placement });
}

describe('what the heads of published exporters mean', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const objects = found(each);
    expect(objects.map(({ label }) => label)).toEqual(each.objects.map(({ label }) => label));
    for (const [at, { score, box, keypoints }] of each.objects.entries()) {
      const got = objects[at]!;
      // float32 there, float64 here; coordinates are up to 200
      expect(Math.abs(got.score - score)).toBeLessThan(1e-6);
      for (const [axis, value] of box.entries()) expect(Math.abs(got.box[axis]! - value)).toBeLessThan(1e-4);
      expect(got.keypoints?.length).toBe(keypoints?.length);
      for (const [point, values] of (keypoints ?? []).entries()) {
        expect(got.keypoints![point]!.length).toBe(values.length);
        for (const [axis, value] of values.entries())
          expect(Math.abs(got.keypoints![point]![axis]! - value)).toBeLessThan(1e-4);
      }
    }
  });

  const labels = Array.from({ length: 80 }, (_, at) => `class${at}`);
  it.each<[string, Partial<YoloDetection>, number[], string]>([
    ['fewer labels than classes', {}, [1, 95, 8], 'It has 95, 11 that nothing explains'],
    ['the angle of oriented boxes', {}, [1, 85, 8], 'oriented boxes, which are not supported'],
    ['more labels than classes', {}, [1, 83, 8], 'It has 83, 1 too few'],
    ['key points of a number that is not said', {}, [1, 126, 8], 'others are said by `keypoints`'],
    ['key points of another number', { keypoints: [17, 3] }, [1, 84, 8], '17 * 3 of key points'],
    ['rows taken for columns', {}, [1, 8, 84], 'It has 8, 76 too few'],
    ['no objectness where it is stated', { layout: 'rows', objectness: true }, [1, 8, 84], '1 too few'],
    ['final oriented boxes', { layout: 'final' }, [1, 300, 7], 'It has 7, 1 that nothing explains'],
    ['cells of other strides', { layout: 'rows', strides: [8, 16] }, [1, 525, 85], '500 boxes, one per cell'],
  ])('%s are refused, not guessed', (_, fields, shape, reason) => {
    const detection: YoloDetection = { type: 'yolo', layout: 'columns', ...fields };
    const data = new Array<number>(shape.reduce((size, each) => size * each, 1)).fill(0);
    const run = () => found({ detection, labels, outputs: { output0: { shape, data } } });
    expect(run).toThrow(coded('ISO_ERR_OUTPUT_MISMATCH', reason));
  });

  it('classes need labels to be told from what follows them', () => {
    const outputs = { output0: { shape: [1, 84, 1], data: new Array<number>(84).fill(0) } };
    expect(() => found({ detection: { type: 'yolo', layout: 'columns' }, labels: [], outputs })).toThrow(
      coded('ISO_ERR_OUTPUT_MISMATCH', '`labels`'),
    );
  });
});
