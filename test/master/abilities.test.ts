import { afterEach, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { TfjsWasmEngine } from '../../src/engine/tfjs/engines.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { Abilities } from '../../src/master/abilities.ts';
import { planGraph, STRATEGY_NAMES } from '../../src/planner/strategies.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { TestCluster } from '../support/cluster.ts';
import { runWhole } from '../support/execute.ts';
import { fleetOfWorkers } from '../support/fleet.ts';
import { difference } from '../support/onnxruntime.ts';

const SHAPE = [1, 8, 10, 10];
const image = Tensor.float32(
  SHAPE,
  Float32Array.from({ length: 800 }, (_, at) => Math.sin(at)),
);

/** An operator that only onnxruntime knows, between two convolutions. */
function modelWithHardmax(): Graph {
  const builder = new GraphBuilder('hardmax', 2);
  const a = builder.conv('a', builder.input('image', SHAPE), { channels: 16, kernel: 3, pad: 1 });
  const b = builder.conv('b', builder.relu('between', a), { channels: 16, kernel: 3, pad: 1 });
  const graph = builder.build([b]);
  const hardmax: Node = {
    ...graph.nodes.find(({ name }) => name === 'between')!,
    op: 'Hardmax',
  };
  return inferTypes({
    ...graph,
    nodes: graph.nodes.map((node) => (node.name === 'between' ? hardmax : node)),
  });
}

describe('a node that one of the engines cannot run', () => {
  const graph = modelWithHardmax();
  const model = { name: 'hardmax', graph, strategy: 'depth' };
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  async function expectRight(): Promise<void> {
    const oracle = new OnnxruntimeEngine({ threads: 1 });
    await oracle.start();
    const want = await runWhole(oracle, graph, new Map([[graph.inputs[0]!, image]]));
    await oracle.stop();
    const { outputs, degraded } = await cluster.master.infer(
      'hardmax',
      'r1',
      new Map([[graph.inputs[0]!, image]]),
    );
    expect(degraded).toBe(false);
    for (const [name, tensor] of want) {
      expect(difference(outputs.get(name)!, tensor, { relative: 1e-4, absolute: 1e-5 })).toBeUndefined();
    }
  }

  const workersOf = (op: string) =>
    cluster.master
      .deployment('hardmax')!
      .plan.stages.filter(({ nodes }) => nodes.some((node) => node.op === op))
      .flatMap(({ shards }) => shards.map(({ worker }) => worker));

  it('stays at the master, whose engine can', async () => {
    cluster = await new TestCluster().start([model], 2, {
      agentOf: () => ({ engine: new TfjsWasmEngine() }),
    });
    expect(workersOf('Hardmax')).toEqual(['master']);
    expect(new Set(workersOf('Conv'))).toEqual(new Set(['agent-0', 'agent-1']));
    await expectRight();
  });

  it('goes to the agent whose engine can, where the master’s cannot', async () => {
    cluster = await new TestCluster().start([model], 2, {
      engine: new TfjsWasmEngine(),
      agentOf: (at) => (at === 0 ? { engine: new TfjsWasmEngine() } : {}),
    });
    expect(workersOf('Hardmax')).toEqual(['agent-1']);
    expect(new Set(workersOf('Conv'))).toEqual(new Set(['agent-0', 'agent-1']));
    await expectRight();
  });
});

it('is told when it is planned, where nobody can', () => {
  const graph = modelWithHardmax();
  const canRun = new Abilities(graph, 'tfjs-wasm').of([]);
  const fleet = fleetOfWorkers([{ id: 'agent-0', weight: 1 }]);
  for (const strategy of STRATEGY_NAMES) {
    expect(() => planGraph(graph, fleet, { strategy, canRun })).toThrow(
      /Nobody can run Hardmax of node between/,
    );
  }
});
