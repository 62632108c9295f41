import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { companionsOf } from '../../src/formats/companions.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import { seededGraph, writeFiles } from '../support/repository.ts';
import { temporaryFolder } from '../support/temporary.ts';

describe('the files beside a model', () => {
  it('are the external data of an ONNX model, each once', async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, {
      'whole.onnx': writeOnnx(seededGraph(1)),
      'split.onnx': writeOnnx(seededGraph(1), { external: () => ({ location: 'split.data' }) }),
      'split.data': new Uint8Array(1 << 16),
    });
    await writeFiles(folder, {
      'below.onnx': writeOnnx(seededGraph(1), { external: () => ({ location: './weights//net.bin' }) }),
      'weights/net.bin': new Uint8Array(1 << 16),
    });
    expect(await companionsOf(join(folder, 'whole.onnx'))).toEqual([]);
    expect(await companionsOf(join(folder, 'below.onnx'))).toEqual(['weights/net.bin']);
    expect(await companionsOf(join(folder, 'split.onnx'))).toEqual(['split.data']);
  });

  it('are the weights that a model.json lists, and nothing outside its folder', async () => {
    const folder = await temporaryFolder();
    const weightsManifest = [
      { paths: ['b.bin', 'a.bin'] },
      { paths: ['../secret', '/etc/passwd', 'a.bin'] },
      {},
    ];
    await writeFiles(folder, { 'model.json': JSON.stringify({ weightsManifest }), 'none.json': '{}' });
    expect(await companionsOf(join(folder, 'model.json'))).toEqual(['a.bin', 'b.bin']);
    expect(await companionsOf(join(folder, 'none.json'))).toEqual([]);
  });
});
