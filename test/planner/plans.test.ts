import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Graph, readsOf, writesOf } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { isDistributed, MASTER, type Plan } from '../../src/planner/plan.ts';
import { planGraph } from '../../src/planner/strategies.ts';
import { coded } from '../support/code.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { floats, graphOf, nodeOf } from '../support/graphs.ts';
import { randomModel } from '../support/random-graph.ts';

const workersOf = (weights: readonly number[]) =>
  weights.map((weight, at) => ({ id: `agent-${at}`, weight }));

/** Each stage reads the model's inputs, constants, and what stages before it wrote; every node is in one stage. */
function expectSound(graph: Graph, plan: Plan): void {
  const there = new Set(graph.inputs);
  const seen: string[] = [];
  plan.stages.forEach((stage, index) => {
    expect(stage.index).toBe(index);
    expect(stage.name).toBe(stage.nodes[0]!.name);
    for (const { shard } of stage.shards)
      for (const { tensor } of shard.inputs) expect(there.has(tensor)).toBe(true);
    for (const { shard } of stage.shards) for (const { tensor } of shard.outputs) there.add(tensor);
    seen.push(...stage.nodes.map(({ name }) => name));
  });
  expect(seen.sort()).toEqual(graph.nodes.map(({ name }) => name).sort());
  for (const output of graph.outputs) expect(there.has(output) || graph.initializers.has(output)).toBe(true);
}

describe('a plan', () => {
  it.each([
    ['local', undefined],
    ['depth', 'input-depth'],
    ['depth', 'output-depth'],
    ['depth', 'depth-grid'],
  ])('%s %s has every node once, in topological order', (strategy, scheme) => {
    const weights = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 9 });
    fc.assert(
      fc.property(randomModel, weights, ({ graph }, given) => {
        const plan = planGraph(graph, fleetOfWorkers(workersOf(given)), {
          strategy,
          ...(scheme ? { scheme } : {}),
        });
        expectSound(graph, plan);
        if (strategy === 'local' || given.length === 0) expect(plan.stages.some(isDistributed)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('holds the bytes of each cut filter once over all agents', () => {
    for (const scheme of ['output-depth', 'input-depth', 'depth-grid']) {
      const node = nodeOf('Conv', ['x', 'w'], ['y']);
      const graph = inferTypes(
        graphOf({ x: [1, 6, 5, 5] }, [node], { constants: { w: floats(8, 6, 3, 3) } }),
      );
      const { stages } = planGraph(graph, fleetOfWorkers(workersOf([2, 1, 1, 3, 1])), {
        strategy: 'depth',
        scheme,
      });
      const bytes = stages[0]!.shards.reduce((sum, { shard }) => sum + shard.filterBytes, 0);
      expect([scheme, bytes]).toEqual([scheme, 8 * 6 * 9 * 4]);
    }
  });

  it('moves the bytes of the wire', () => {
    const node = nodeOf('Conv', ['x', 'w'], ['y'], { pads: [1, 1, 1, 1] });
    const graph = inferTypes(graphOf({ x: [1, 4, 6, 6] }, [node], { constants: { w: floats(8, 4, 3, 3) } }));
    const fleet = fleetOfWorkers(workersOf([1, 1]));
    const bytes = (wire: 'float32' | 'float16' | 'int8') =>
      planGraph(graph, fleet, { strategy: 'depth', wire }).stages[0]!.cost.bytes;
    // each of two agents reads 4 channels of 36 elements, and gives 4; int8 has a scale for each channel
    const elements = 2 * (4 + 4) * 36;
    const channels = 2 * (4 + 4);
    expect([bytes('float32'), bytes('float16'), bytes('int8')]).toEqual([
      4 * elements,
      2 * elements,
      elements + 4 * channels,
    ]);
  });

  it('has one local stage for each connected part of what lies between', () => {
    const nodes = [
      nodeOf('Relu', ['x'], ['a']),
      nodeOf('Relu', ['z'], ['b']),
      nodeOf('Tanh', ['a'], ['c']),
      nodeOf('Tanh', ['b'], ['d']),
    ];
    const graph = inferTypes(graphOf({ x: [2], z: [3] }, nodes, { outputs: ['c', 'd'] }));
    const { stages } = planGraph(graph, fleetOfWorkers([]), { strategy: 'local' });
    expect(stages.map(({ nodes: of }) => of.map(({ op, outputs }) => `${op} ${outputs}`))).toEqual([
      ['Relu a', 'Tanh c'],
      ['Relu b', 'Tanh d'],
    ]);
    const joined = inferTypes(graphOf({ x: [2], z: [2] }, [...nodes, nodeOf('Add', ['c', 'd'], ['y'])]));
    expect(planGraph(joined, fleetOfWorkers([]), { strategy: 'local' }).stages).toHaveLength(1);
  });

  it('keeps at the master what nothing else can run', () => {
    const nodes = [
      nodeOf('Conv', ['x', 'w'], ['a']),
      nodeOf('Softmax', ['a'], ['b'], { axis: 1 }),
      nodeOf('Conv', ['b', 'w'], ['y']),
    ];
    const graph = inferTypes(graphOf({ x: [1, 4, 3, 3] }, nodes, { constants: { w: floats(4, 4, 1, 1) } }));
    const { stages } = planGraph(graph, fleetOfWorkers(workersOf([1, 1])), { strategy: 'depth' });
    expect(stages.map(({ scheme }) => scheme)).toEqual(['output-depth', 'local', 'output-depth']);
    expect(stages[1]!.shards.map(({ worker }) => worker)).toEqual([MASTER]);
    const stage = stages[0]!.shards.map(({ worker }) => worker);
    expect(stage).toEqual(['agent-0', 'agent-1']);
  });

  it('leaves nodes out of programs that nobody reads', () => {
    const nodes = [nodeOf('Relu', ['x'], ['y']), nodeOf('Tanh', ['x'], ['unread'])];
    const graph = inferTypes(graphOf({ x: [2] }, nodes, { outputs: ['y'] }));
    const { stages } = planGraph(graph, fleetOfWorkers([]), { strategy: 'local' });
    expect(stages.flatMap(({ shards }) => shards.map(({ shard }) => shard.program.outputs))).toEqual([['y']]);
  });
});

describe('the planner refuses, with agents and without,', () => {
  const graph = inferTypes(graphOf({ x: [2] }, [nodeOf('Relu', ['x'], ['y'])]));

  it.each([[[]], [[1, 1]]])('unknown strategies and schemes (weights %j)', (weights) => {
    const workers = workersOf(weights);
    for (const strategy of ['fastest', 'constructor']) {
      expect(() => planGraph(graph, fleetOfWorkers(workers), { strategy })).toThrow(
        coded('ISO_ERR_STRATEGY_UNKNOWN', strategy),
      );
    }
    expect(() =>
      planGraph(graph, fleetOfWorkers(workers), { strategy: 'depth', scheme: 'diagonal' }),
    ).toThrow(coded('ISO_ERR_SCHEME_UNKNOWN', 'diagonal'));
  });

  it('halos over a wire that rounds feature maps', () => {
    const options = { strategy: 'depth', scheme: 'rows-exchange', wire: 'int8' } as const;
    expect(() => planGraph(graph, fleetOfWorkers(workersOf([1, 1])), options)).toThrow(
      coded('ISO_ERR_SCHEME_WIRE', 'int8'),
    );
  });
});

it('a plan reads nothing that its own nodes write elsewhere', () => {
  fc.assert(
    fc.property(randomModel, ({ graph }) => {
      const { stages } = planGraph(graph, fleetOfWorkers(workersOf([1, 1])), { strategy: 'depth' });
      for (const { nodes, shards } of stages) {
        const inner = new Set(nodes.flatMap(writesOf));
        for (const { shard } of shards)
          for (const { tensor } of shard.inputs) {
            expect(inner.has(tensor)).toBe(false);
            expect(nodes.some((node) => readsOf(node).includes(tensor))).toBe(true);
          }
      }
    }),
    { numRuns: 30 },
  );
});
