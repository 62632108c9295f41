import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KnownParts } from '../../src/partition/known-parts.ts';
import { runOf } from '../../src/partition/run.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import type { Shard } from '../../src/partition/shard.ts';
import { boundariesOf } from '../../src/planner/boundaries.ts';
import { randomModel } from '../support/random-graph.ts';

const priceOf = ({ inputs, outputs, macs, filterBytes, work }: Shard) => ({
  inputs,
  outputs,
  macs,
  filterBytes,
  work,
});

it('a shard is the same whether its parts are remembered from other runs or made anew', () => {
  let shards = 0;
  fc.assert(
    fc.property(randomModel, fc.integer({ min: 1, max: 4 }), ({ graph }, workers) => {
      const known = new KnownParts(graph);
      const boundaries = boundariesOf(graph);
      const weights = Array.from({ length: workers }, (_, at) => at + 1);
      for (let from = boundaries.length - 2; from >= 0; from -= 1) {
        for (let to = from + 1; to < boundaries.length; to += 1) {
          const run = runOf(graph, graph.nodes.slice(boundaries[from], boundaries[to]));
          for (const scheme of Object.values(SCHEMES)) {
            if (scheme.unfit(run)) continue;
            const [remembered, anew] = [{ ...run, known }, run].map((each) =>
              scheme.cut(each, weights).map(({ worker, shard }) => ({ worker, ...priceOf(shard) })),
            );
            expect(remembered).toEqual(anew);
            shards += anew!.length;
          }
        }
      }
    }),
    { numRuns: 30 },
  );
  expect(shards).toBeGreaterThan(100);
});
