import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Engine } from '../../src/engine/engine.ts';
import { type EngineName, engineNamed } from '../../src/engine/engines.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { skippedFor } from '../support/engines.ts';
import { runWhole } from '../support/execute.ts';
import { difference } from '../support/onnxruntime.ts';
import { randomModel } from '../support/random-graph.ts';

/** The graphs are exact in integers but for averages, which the engines divide in different orders. */
const TOLERANCE = { relative: 1e-5, absolute: 1e-5 };

describe.each<EngineName>(['tfjs-wasm', 'tfjs-node'])('random graphs on %s', (name) => {
  const skipped = skippedFor(name);
  if (skipped) {
    it.skip(skipped, () => {});
    return;
  }
  const oracle = new OnnxruntimeEngine({ threads: 1 });
  let engine: Engine;
  beforeAll(async () => {
    engine = engineNamed(name, { threads: 1 });
    await oracle.start();
    await engine.start();
  });
  afterAll(async () => {
    await oracle.stop();
    await engine.stop();
  });

  it('are what onnxruntime computes: every pad, stride, hole, group, join and average', async () => {
    await fc.assert(
      fc.asyncProperty(randomModel, async ({ graph, input }) => {
        const inputs = new Map([['x', input]]);
        const want = await runWhole(oracle, graph, inputs);
        const got = await runWhole(engine, graph, inputs);
        for (const [output, tensor] of want) {
          expect(difference(got.get(output)!, tensor, TOLERANCE)).toBeUndefined();
        }
      }),
      { numRuns: 150 },
    );
  });
});
