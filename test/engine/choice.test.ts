import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/base/logger.ts';
import { fastestEngine } from '../../src/engine/choice.ts';
import type { EngineName } from '../../src/engine/engines.ts';
import type { Surveyed } from '../../src/engine/survey.ts';

describe('engine: auto', () => {
  let folder = '';
  let file = '';
  let asked: EngineName[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isobath-choice-'));
    file = join(folder, 'state', 'engines.json');
    asked = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Engines of these speeds; the others do not load. */
  const machine = (speeds: Partial<Record<EngineName, number>>) => ({
    logger: silentLogger,
    threads: 1,
    file,
    survey: async (name: EngineName): Promise<Surveyed> => {
      asked.push(name);
      const gflops = speeds[name];
      if (gflops === undefined) return { name, loads: false, reason: `${name} is not there.` };
      return { name, loads: true, version: '1', threads: 1, gflops };
    },
  });

  it('takes the fastest that loads, started', async () => {
    const engine = await fastestEngine(machine({ onnxruntime: 20, 'tfjs-wasm': 30 }));
    expect([engine.name, engine.version]).toEqual(['tfjs-wasm', expect.stringMatching(/^4\./)]);
    await engine.stop();
  });

  it('measures each engine once, and tries again what did not load', async () => {
    await (await fastestEngine(machine({ onnxruntime: 20, 'tfjs-wasm': 3 }))).stop();
    expect(asked).toEqual(['onnxruntime', 'tfjs-node', 'tfjs-wasm']);
    asked = [];
    const again = await fastestEngine(machine({ onnxruntime: 20, 'tfjs-wasm': 3 }));
    expect([again.name, asked]).toEqual(['onnxruntime', ['tfjs-node']]);
    await again.stop();
  });

  it('measures again for another number of threads', async () => {
    await (await fastestEngine(machine({ onnxruntime: 20 }))).stop();
    asked = [];
    await (await fastestEngine({ ...machine({ onnxruntime: 20 }), threads: 2 })).stop();
    expect(asked).toContain('onnxruntime');
  });

  it('does not trust a damaged file, and mends it', async () => {
    await (await fastestEngine(machine({ onnxruntime: 20 }))).stop();
    await writeFile(file, '{"onnxruntime');
    asked = [];
    await (await fastestEngine(machine({ onnxruntime: 20 }))).stop();
    expect(asked).toContain('onnxruntime');
    expect(Object.values(JSON.parse(await readFile(file, 'utf8')))).toEqual([20]);
  });

  it('says why none loads', async () => {
    await expect(fastestEngine(machine({}))).rejects.toMatchObject({
      code: 'ISO_ERR_ENGINE_UNAVAILABLE',
      message: expect.stringContaining('tfjs-node is not there'),
    });
  });
});
