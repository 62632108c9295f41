import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { macsOf } from '../../src/graph/macs.ts';
import { type Run, runOf } from '../../src/partition/run.ts';
import type { Scheme } from '../../src/partition/scheme.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { tilesOf } from '../../src/partition/schemes/tiles.ts';
import { type RandomModel, randomModel } from '../support/random-graph.ts';
import { coverageFault, pricedAgain, runAll, runShards } from '../support/run-shards.ts';

const CASES: [label: string, scheme: Scheme][] = [
  ...Object.entries(SCHEMES),
  ['tiles of an explicit grid', tilesOf({ rows: 3, columns: 2 })],
];

/** They cut nothing that would have to be computed twice. */
const WITHOUT_HALO = ['input-depth', 'output-depth', 'depth-grid', 'depth-chain', 'branches', 'replica'];

describe('every scheme on random runs of consecutive nodes', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it.each(CASES)('%s is bit-identical to the whole run', async (_, scheme) => {
    const seen = { cuts: 0, fused: 0, manyOutputs: 0, shards: 0 };
    await fc.assert(
      fc.asyncProperty(
        randomModel,
        fc.nat(1000),
        // uneven capacities, an idle worker, one worker, more workers than rows and channels
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 16 }),
        async (model, choice, weights) => {
          const runs = fittingRuns(model, scheme);
          if (runs.length === 0) return;
          const run = runs[choice % runs.length]!;
          const cut = scheme.cut(run, weights);
          expect(coverageFault(run, cut)).toBeUndefined();
          const tensors = await runAll(engine, model.graph, new Map([['x', model.input]]));
          for (const [name, got] of await runShards(engine, run, cut, tensors))
            expect(firstDifference(got.data, tensors.get(name)!.data)).toBeUndefined();
          for (const { shard } of cut) expect(shard).toMatchObject(pricedAgain(shard));
          const macs = cut.reduce((sum, { shard }) => sum + shard.macs, 0);
          const whole = run.nodes.reduce((sum, node) => sum + macsOf(run.graph, node), 0);
          if (WITHOUT_HALO.includes(scheme.name) || run.nodes.length === 1) expect(macs).toBe(whole);
          seen.cuts += 1;
          seen.shards += cut.length;
          if (run.nodes.length > 1) seen.fused += 1;
          if (run.outputs.length > 1) seen.manyOutputs += 1;
        },
      ),
      { numRuns: 80 },
    );
    expect(seen.cuts).toBeGreaterThanOrEqual(20);
    const single = scheme.name === 'depth-grid';
    expect(seen.fused).toBeGreaterThanOrEqual(single ? 0 : 15);
    const hasOneOutput = single || scheme.name === 'rows-exchange';
    expect(seen.manyOutputs).toBeGreaterThanOrEqual(hasOneOutput ? 0 : 1);
    expect(seen.shards).toBeGreaterThanOrEqual(scheme.name === 'replica' ? 20 : 50);
  });
});

/** Runs of up to ten nodes that the scheme fits. */
function fittingRuns({ graph }: RandomModel, scheme: Scheme): Run[] {
  const runs: Run[] = [];
  for (let from = 0; from < graph.nodes.length; from += 1) {
    for (let to = from + 1; to <= Math.min(from + 10, graph.nodes.length); to += 1) {
      const run = runOf(graph, graph.nodes.slice(from, to));
      if (!scheme.unfit(run)) runs.push(run);
    }
  }
  return runs;
}

/** Where the numbers differ; only the sign of a zero may, which no comparison in a network sees. */
function firstDifference(
  got: ArrayLike<number | bigint>,
  want: ArrayLike<number | bigint>,
): string | undefined {
  for (let at = 0; at < want.length; at += 1)
    if (got[at] !== want[at]) return `element ${at}: ${got[at]} instead of ${want[at]}`;
  return got.length === want.length ? undefined : `${got.length} instead of ${want.length} elements`;
}
