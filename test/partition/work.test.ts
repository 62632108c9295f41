import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { macsOf } from '../../src/graph/macs.ts';
import { SCHEMES } from '../../src/partition/schemes/index.ts';
import type { Shard } from '../../src/partition/shard.ts';
import { sharedInputs } from '../../src/partition/shared-inputs.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { floats, graphOf, nodeOf } from '../support/graphs.ts';
import { randomModel } from '../support/random-graph.ts';

describe('the work of a shard, told from regions', () => {
  it('has the MACs of its program, and the bytes of what travels', () => {
    for (const scheme of Object.keys(SCHEMES)) {
      fc.assert(
        fc.property(
          randomModel,
          fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
          (model, weights) => {
            const workers = weights.map((weight, at) => ({ id: `a${at}`, weight }));
            const { stages } = planGraph(model.graph, fleetOfWorkers(workers), { strategy: 'depth', scheme });
            for (const { shard } of stages.flatMap((stage) => stage.shards)) {
              const programs = shard.legs?.map(({ part }) => part.program) ?? [shard.program];
              const macs = programs
                .flatMap((program) => program.nodes.map((node) => macsOf(program, node)))
                .reduce((sum, each) => sum + each, 0);
              expect(shard.work.reduce((sum, each) => sum + each.macs, 0)).toBe(macs);
              expect(shard.macs).toBe(macs);
              const bytes = ({ types }: Graph, names: readonly string[]) =>
                names.map((name) => 4 * types.get(name)!.shape.reduce((size, extent) => size * extent, 1));
              expect(shard.inputBytes).toEqual(bytes(programs[0]!, programs[0]!.inputs));
              expect(shard.outputBytes).toEqual(bytes(programs.at(-1)!, programs.at(-1)!.outputs));
            }
          },
        ),
        { numRuns: 25 },
      );
    }
  });

  it('knows what kind it is, what it touches, and what is free', () => {
    const graph = inferTypes(
      graphOf(
        { x: [1, 4, 6, 6] },
        [
          nodeOf('Conv', ['x', 'w3'], ['a'], { pads: [1, 1, 1, 1] }),
          nodeOf('Relu', ['a'], ['b']),
          nodeOf('Conv', ['b', 'dw'], ['c'], { group: 8 }),
          nodeOf('Conv', ['c', 'w1'], ['d']),
          nodeOf('MaxPool', ['d'], ['e'], { kernel_shape: [2, 2], strides: [2, 2] }),
          nodeOf('Add', ['e', 'e'], ['f']),
          nodeOf('Flatten', ['f'], ['g']),
          nodeOf('Gemm', ['g', 'm'], ['h'], { transB: 1 }),
          nodeOf('Softmax', ['h'], ['y']),
        ],
        {
          constants: {
            w3: floats(8, 4, 3, 3),
            dw: floats(8, 1, 1, 1),
            w1: floats(4, 8, 1, 1),
            m: floats(5, 36),
          },
        },
      ),
    );
    const [stage] = planGraph(graph, fleetOfWorkers([]), { strategy: 'local' }).stages;
    const { work } = stage!.shards[0]!.shard;
    const plane = 36 * 4;
    expect(work).toEqual([
      { kind: 'conv3x3', macs: 36 * 8 * 36, bytes: 12 * plane, filterBytes: 288 * 4 },
      { kind: 'elementwise', macs: 0, bytes: 0, filterBytes: 0 },
      { kind: 'depthwise', macs: 8 * 36, bytes: 16 * plane, filterBytes: 8 * 4 },
      { kind: 'conv1x1', macs: 4 * 8 * 36, bytes: 12 * plane, filterBytes: 32 * 4 },
      { kind: 'pool', macs: 0, bytes: 4 * plane + 4 * 36, filterBytes: 0 },
      { kind: 'elementwise', macs: 0, bytes: 12 * 36, filterBytes: 0 },
      { kind: 'other', macs: 0, bytes: 0, filterBytes: 0 },
      { kind: 'gemm', macs: 180, bytes: 4 * 41, filterBytes: 180 * 4 },
      { kind: 'other', macs: 0, bytes: 4 * 10, filterBytes: 0 },
    ]);
  });
});

describe('shared inputs', () => {
  const shard = (...starts: number[]): Pick<Shard, 'inputs'> => ({
    inputs: starts.map((start, at) => ({ tensor: `t${at}`, region: [[start, start + 2]] })),
  });

  it('are those that every shard reads at the same place', () => {
    expect([...sharedInputs([shard(0, 1), shard(0, 2), shard(0, 1)])]).toEqual([0]);
    expect([...sharedInputs([shard(0, 1), shard(0, 1)])]).toEqual([0, 1]);
    expect([...sharedInputs([shard(0), shard(0, 1)])]).toEqual([0]);
    expect([...sharedInputs([shard(0)])]).toEqual([]);
    expect([...sharedInputs([])]).toEqual([]);
  });
});
