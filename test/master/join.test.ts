import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Graph } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { JoinedTensors } from '../../src/master/join.ts';
import { dataflowOf } from '../../src/planner/dataflow.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { regionSize } from '../../src/tensor/region.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { floats, graphOf, nodeOf } from '../support/graphs.ts';

/** One convolution, cut by a scheme over some agents. */
function layer(scheme: string, agents: number) {
  const node = nodeOf('Conv', ['x', 'w'], ['y']);
  const graph: Graph = inferTypes(
    graphOf({ x: [1, 8, 3, 3] }, [node], { constants: { w: floats(6, 8, 1, 1) } }),
  );
  const workers = Array.from({ length: agents }, (_, at) => ({ id: `a${at}`, weight: 1 }));
  return {
    graph,
    flow: dataflowOf(planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme })),
  };
}

/** Values whose float32 sum depends on the order. */
const noise = (size: number, seed: number) =>
  Float32Array.from({ length: size }, (_, at) => Math.sin(at * 12.9 + seed * 78.2) * 10 ** ((at + seed) % 7));

describe('joining parts', () => {
  it.each([
    ['input-depth', 5],
    ['depth-grid', 6],
  ])('gives the same bits in whatever order the partial sums of %s come', (scheme, agents) => {
    const { graph, flow } = layer(scheme, agents);
    const joinIn = (order: readonly number[]) => {
      const joined = new JoinedTensors(graph.types, flow, new Map(), ['y']);
      for (const id of order) {
        const { tensor, region } = flow.shards[id]!.planned.shard.outputs[0]!;
        joined.addPart(tensor, region, id, noise(regionSize(region), id));
      }
      return Buffer.from((joined.get('y').data as Float32Array).slice().buffer).toString('hex');
    };
    const ids = flow.shards.map(({ id }) => id);
    const want = joinIn(ids);
    fc.assert(
      fc.property(fc.shuffledSubarray(ids, { minLength: ids.length }), (order) => {
        expect(joinIn(order)).toBe(want);
      }),
      { numRuns: 50 },
    );
  });

  it('adds a partial sum once, though a second try gives it again', () => {
    const { graph, flow } = layer('input-depth', 3);
    const joined = new JoinedTensors(graph.types, flow, new Map(), ['y']);
    const { tensor, region } = flow.shards[0]!.planned.shard.outputs[0]!;
    const part = () => new Float32Array(54).fill(1);
    for (const id of [1, 0, 0, 1, 2, 2]) joined.addPart(tensor, region, id, part());
    expect([...joined.get('y').data].every((value) => value === 3)).toBe(true);
  });

  it('does not write into an array that somebody else may see', () => {
    const { graph, flow } = layer('input-depth', 2);
    const joined = new JoinedTensors(graph.types, flow, new Map(), ['y']);
    const { tensor, region } = flow.shards[0]!.planned.shard.outputs[0]!;
    const shared = new Float32Array(60).fill(1);
    joined.addPart(tensor, region, 0, shared.subarray(0, 54));
    joined.addPart(tensor, region, 1, new Float32Array(54).fill(1));
    expect([...shared].every((value) => value === 1)).toBe(true);
  });

  it('places bytes that come in pieces of any length', () => {
    const { graph, flow } = layer('output-depth', 2);
    const joined = new JoinedTensors(graph.types, flow, new Map(), ['y']);
    const { tensor, region } = flow.shards[1]!.planned.shard.outputs[0]!;
    const part = noise(regionSize(region), 1);
    const bytes = new Uint8Array(part.buffer);
    for (const [from, to] of [
      [50, bytes.length],
      [0, 7],
      [7, 50],
    ] as const)
      joined.placeBytes(tensor, region, from, bytes.subarray(from, to), { dtype: 'float32' });
    const y = joined.get('y').data as Float32Array;
    expect(y.subarray(27)).toEqual(part);
    expect([...y.subarray(0, 27)].every((value) => value === 0)).toBe(true);
  });

  it('gives the memory of a tensor back after its last reader, but never an output', () => {
    const nodes = [nodeOf('Conv', ['x', 'w'], ['a']), nodeOf('Conv', ['a', 'w'], ['y'])];
    const graph = inferTypes(
      graphOf({ x: [1, 2, 2, 2] }, nodes, { constants: { w: floats(2, 2, 1, 1) }, outputs: ['y'] }),
    );
    const flow = dataflowOf(
      planGraph(
        graph,
        fleetOfWorkers([
          { id: 'a', weight: 1 },
          { id: 'b', weight: 1 },
        ]),
        { strategy: 'depth' },
      ),
    );
    const x = Tensor.float32([1, 2, 2, 2], noise(8, 1));
    const joined = new JoinedTensors(graph.types, flow, new Map([['x', x]]), ['y']);
    expect(flow.readers.get('x')).toBe(2);
    joined.release('x');
    expect(joined.get('x')).toBe(x);
    joined.release('x');
    expect(joined.get('x')).not.toBe(x);
  });
});
