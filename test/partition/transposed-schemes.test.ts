import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { runOf } from '../../src/partition/run.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import { graphOf, nodeOf } from '../support/graphs.ts';
import { difference } from '../support/onnxruntime.ts';
import { int, numbers, pair } from '../support/operators.ts';
import { coverageFault, pricedAgain, runAll, runShards } from '../support/run-shards.ts';

const layers = fc.record({
  ...{ kernel: pair(1, 3), strides: pair(1, 3), plane: pair(2, 6), bias: fc.boolean() },
  ...{
    groups: fc.constantFrom(1, 1, 2, 3),
    inner: int(1, 4),
    outer: int(1, 4),
    ways: int(1, 5),
    instance: fc.boolean(),
  },
});

describe('a transposed convolution', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  it('is the same, cut by every scheme that fits, as whole', async () => {
    const cuts: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(
        layers,
        async ({ kernel, strides, plane, bias, groups, inner, outer, ways, instance }) => {
          const filters = numbers([groups * inner, outer, ...kernel], 5);
          const constants = { w: filters, ...(bias ? { b: numbers([groups * outer], 7) } : {}) };
          const named = Object.keys(constants);
          const channels = groups * outer;
          const nodes = [
            nodeOf('ConvTranspose', ['x', ...named], ['t'], { strides, group: groups }),
            // both are channel-local, so they ride along
            ...(instance
              ? [nodeOf('InstanceNormalization', ['t', 's', 's'], ['n']), nodeOf('Relu', ['n'], ['y'])]
              : []),
          ];
          const shape = [1, groups * inner, ...plane];
          const all = { ...constants, ...(instance ? { s: numbers([channels], 9) } : {}) };
          const graph = inferTypes(graphOf({ x: shape }, nodes, { constants: all }));
          const tensors = await runAll(engine, graph, new Map([['x', numbers(shape, 3)]]));
          for (const scheme of Object.values(SCHEMES)) {
            const run = runOf(graph, graph.nodes);
            if (scheme.unfit(run)) continue;
            const cut = scheme.cut(
              run,
              Array.from({ length: ways }, (_, at) => 1 + at),
            );
            expect(coverageFault(run, cut)).toBeUndefined();
            const got = await runShards(engine, run, cut, tensors);
            for (const [name, tensor] of got) {
              const differs = difference(tensor, tensors.get(name)!, { relative: 1e-4, absolute: 1e-4 });
              if (differs) throw new Error(`${scheme.name} x${ways}: ${differs}`);
            }
            if (groups === 1) for (const { shard } of cut) expect(shard).toMatchObject(pricedAgain(shard));
            cuts[scheme.name] = (cuts[scheme.name] ?? 0) + 1;
          }
        },
      ),
      { numRuns: 100 },
    );
    for (const name of ['input-depth', 'output-depth', 'depth-grid', 'rows', 'tiles'])
      expect(cuts[name] ?? 0).toBeGreaterThan(0);
  });
});
