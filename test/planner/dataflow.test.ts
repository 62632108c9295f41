import { describe, expect, it } from '@jest/globals';
import { inferTypes } from '../../src/graph/infer.ts';
import type { Shard } from '../../src/partition/shard.ts';
import { dataflowOf } from '../../src/planner/dataflow.ts';
import { MASTER, type Plan, type Stage } from '../../src/planner/plan.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { floats, graphOf, nodeOf } from '../support/graphs.ts';

const two = [
  { id: 'a', weight: 1 },
  { id: 'b', weight: 1 },
];
const waits = ({ shards }: ReturnType<typeof dataflowOf>) => shards.map(({ dependencies }) => dependencies);

/** A stage whose shards read and write rows of tensors: `reads > writes`. */
function stageOf(
  index: number,
  shards: readonly (readonly [worker: string, reads: string, writes: string])[],
): Stage {
  const rows = (text: string) => {
    const [tensor, from, to] = text.split(' ');
    return { tensor: tensor!, region: [[Number(from), Number(to)]] as const };
  };
  const planned = shards.map(([worker, reads, writes]) => {
    const outputs = [{ ...rows(writes), join: 'place' as const }];
    return { worker, shard: { inputs: [rows(reads)], outputs } as unknown as Shard };
  });
  return { index, name: `s${index}`, scheme: 'rows', nodes: [], shards: planned } as unknown as Stage;
}

describe('the dataflow of a plan', () => {
  it('lets a shard wait for those alone whose regions it reads', () => {
    const plan = {
      strategy: 'test',
      stages: [
        stageOf(0, [
          ['a', 'x 0 5', 't 0 5'],
          ['b', 'x 5 9', 't 5 9'],
        ]),
        stageOf(1, [
          ['a', 't 0 5', 'y 0 4'],
          ['b', 't 4 9', 'y 4 9'],
        ]),
      ],
    };
    const flow = dataflowOf(plan as unknown as Plan);
    expect(waits(flow)).toEqual([0, 0, 1, 2]);
    expect(flow.shards.map(({ dependents }) => dependents)).toEqual([[2, 3], [3], [], []]);
    expect(flow.readers).toEqual(
      new Map([
        ['x', 2],
        ['t', 2],
      ]),
    );
    expect(flow.shared.map(({ size }) => size)).toEqual([0, 0]);
  });

  it('shares the input that all agents of a stage read whole', () => {
    const node = nodeOf('Conv', ['x', 'w'], ['y']);
    const graph = inferTypes(graphOf({ x: [1, 4, 2, 2] }, [node], { constants: { w: floats(4, 4, 1, 1) } }));
    const sharedBy = (scheme: string, workers: typeof two) =>
      dataflowOf(planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme })).shared.map(
        (shared) => [...shared],
      );
    expect(sharedBy('output-depth', two)).toEqual([[0]]);
    expect(sharedBy('input-depth', two)).toEqual([[]]);
    expect(sharedBy('output-depth', two.slice(1))).toEqual([[]]);
    expect(sharedBy('output-depth', [])).toEqual([[]]);
  });

  it('does not count the master among those who share', () => {
    const stage = stageOf(0, [
      ['a', 'x 0 9', 't 0 5'],
      [MASTER, 'x 0 9', 't 5 9'],
    ]);
    expect(dataflowOf({ strategy: 'test', stages: [stage] } as unknown as Plan).shared).toEqual([new Set()]);
  });

  it('lets independent branches begin together', () => {
    const nodes = [
      nodeOf('Conv', ['x', 'w'], ['a']),
      nodeOf('Conv', ['x', 'w'], ['b']),
      nodeOf('Concat', ['a', 'b'], ['y'], { axis: 1 }),
    ];
    const graph = inferTypes(graphOf({ x: [1, 2, 2, 2] }, nodes, { constants: { w: floats(2, 2, 1, 1) } }));
    const flow = dataflowOf(planGraph(graph, fleetOfWorkers(two), { strategy: 'depth' }));
    expect(waits(flow)).toEqual([0, 0, 0, 0, 4]);
  });
});
