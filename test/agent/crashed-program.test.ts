import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BlobCache } from '../../src/agent/blob-cache.ts';
import type { BlobFetcher } from '../../src/agent/blob-fetcher.ts';
import { ResidentPrograms } from '../../src/agent/resident-programs.ts';
import { LoadMarks } from '../../src/base/load-marks.ts';
import type { CompiledProgram, Engine } from '../../src/engine/engine.ts';
import { writeOnnx } from '../../src/formats/onnx/index.ts';
import { seededGraph } from '../support/repository.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'isobath-program-'));
  await writeFile(join(directory, 'model.onnx'), writeOnnx(seededGraph(1)));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const program = { program: { sha256: 'a'.repeat(64), bytes: 1 }, blobs: [] };
const other = { program: { sha256: 'b'.repeat(64), bytes: 1 }, blobs: [] };

/** The programs of an agent that has just started, on an engine that compiles so. */
async function started(compile: () => Promise<CompiledProgram>): Promise<ResidentPrograms> {
  const marks = new LoadMarks(join(directory, 'loading'), () => 'engine 1');
  await marks.open();
  const cache = { path: () => join(directory, 'model.onnx') } as unknown as BlobCache;
  const engine = { compile } as unknown as Engine;
  return new ResidentPrograms({ engine, cache, fetcher: {} as BlobFetcher, marks });
}

describe('a program that ended the agent', () => {
  it('is refused with a code at the next start, and others are compiled', async () => {
    const begun = new Promise<void>((resolve) => {
      void started(() => {
        resolve();
        return new Promise(() => undefined);
      }).then((programs) => programs.acquire(program));
    });
    await begun;
    // killed: nothing of it is stopped
    const compiled = { run: async () => ({ outputs: [], computeMs: 0 }), dispose: async () => undefined };
    let compiles = 0;
    const next = await started(async () => {
      compiles += 1;
      return compiled;
    });
    await expect(next.acquire(program)).rejects.toMatchObject({
      code: 'ISO_ERR_PROGRAM_CRASHED',
      cure: expect.stringContaining(join(directory, 'loading')),
    });
    expect(compiles).toBe(0);
    expect(await next.acquire(other)).toBe(compiled);
  });
});
