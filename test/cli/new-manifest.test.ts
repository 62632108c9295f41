import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { draftOf, storedManifest } from '../../src/cli/import/new-manifest.ts';
import { type Manifest, parseManifest } from '../../src/formats/manifest.ts';
import { anyManifest } from '../support/any-manifest.ts';
import { seededGraph } from '../support/repository.ts';
import '../support/seed.ts';

const model = { graph: seededGraph(1), file: 'net.onnx' };
const importedAs = (given: Manifest | undefined, version: string) => {
  const draft = draftOf(given, model, {}, { name: given?.name ?? 'net' });
  return parseManifest(JSON.parse(storedManifest(draft, version, [])), 'm.json');
};

describe('a manifest that is imported', () => {
  it('says all that it said before, whatever that was, but where the model lies', () => {
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        const parsed = parseManifest(JSON.parse(JSON.stringify(manifest)), 'm.json');
        expect(parsed).toEqual(manifest);
        expect(importedAs(manifest, manifest.version)).toEqual({ ...manifest, model: 'model.onnx' });
      }),
      { numRuns: 300 },
    );
  });

  it('is changed by options where they say something, and nowhere else', () => {
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        const flags = { license: 'MIT', shape: { other: [1, 2] }, fit: 'stretch' } as const;
        const draft = draftOf(manifest, model, flags, { name: 'new', labels: ['one'] });
        const { version: _, input, ...rest } = manifest;
        expect(draft).toMatchObject({
          ...rest,
          ...{ name: 'new', labels: ['one'], model: 'model.onnx', license: 'MIT' },
          shapes: { ...manifest.shapes, other: [1, 2] },
          input: { ...input, fit: 'stretch' },
        });
      }),
    );
  });

  it('keeps what it finds as a detection model gets other labels', () => {
    const given: Manifest = {
      ...{ name: 'd', version: '1', model: 'd.onnx', task: 'detection', labels: ['a'] },
      detection: { type: 'yolo', layout: 'columns' },
    };
    const draft = draftOf(given, model, { labels: 'labels.txt' }, { name: 'd', labels: ['b'] });
    expect(draft).toMatchObject({ task: 'detection', labels: ['b'], detection: given.detection });
  });

  it('gets new golden cases in the place of old ones', () => {
    const golden = [{ inputs: { x: 'a.npy' }, outputs: { y: 'b.npy' }, tolerance: 1 }];
    const given: Manifest = { name: 'd', version: '1', model: 'd.onnx', task: 'tensor', labels: [], golden };
    expect(draftOf(given, model, {}, { name: 'd' }).golden).toBe(golden);
    expect(draftOf(given, model, { golden: ['random'] }, { name: 'd' })).not.toHaveProperty('golden');
  });
});
