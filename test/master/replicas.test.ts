import { afterEach, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { MASTER, workersOf } from '../../src/planner/plan.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { TestCluster } from '../support/cluster.ts';
import { runWhole } from '../support/execute.ts';

const SHAPE = [1, 32, 24, 24];
const graph = convolutions();
const pictures = Array.from({ length: 24 }, (_, picture) =>
  Tensor.float32(
    SHAPE,
    Float32Array.from({ length: 18_432 }, (_, at) => ((at + picture) % 7) - 3),
  ),
);
const AGENTS = ['agent-0', 'agent-1', 'agent-2'];

describe.each(['replica', 'auto'])('a master that plans for throughput by %s', (strategy) => {
  const model = { name: 'frames', graph, strategy, objective: 'throughput' } as const;
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  it('deals inferences on their way out over all agents, and each is answered right', async () => {
    cluster = await new TestCluster().start([model], 3);
    const { plan } = cluster.master.deployment('frames')!;
    const [stage] = plan.stages;
    expect(workersOf(stage!.shards[0]!).filter((worker) => worker !== MASTER)).toEqual(AGENTS);
    const asked = framesOf(cluster);
    const results = await inferAll(cluster);
    expect(results.map(({ degraded }) => degraded)).toEqual(pictures.map(() => false));
    await expectRight(results);
    expect([...asked.keys()].sort()).toEqual(AGENTS);
  });

  it('gives the frames of an agent that dies to the others', async () => {
    cluster = await new TestCluster().start([model], 3, { settleMs: 1000 });
    const asked = framesOf(cluster, () => cluster.kill('agent-1'));
    const results = await inferAll(cluster);
    await expectRight(results);
    expect(results.some(({ degraded }) => degraded)).toBe(true);
    expect(asked.get('agent-1')).toBeGreaterThan(0);
  });
});

/** Counts the messages with IFM regions by agent; `first` happens when agent-1 gets its first one. */
function framesOf(cluster: TestCluster, first?: () => void): Map<string, number> {
  const asked = new Map<string, number>();
  cluster.hub.copies = (topic) => {
    const agent = /\/shards\/.*\/agents\/([^/]+)\/ifm$/.exec(topic)?.[1];
    if (agent === undefined) return 1;
    asked.set(agent, (asked.get(agent) ?? 0) + 1);
    if (agent === 'agent-1' && asked.get(agent) === 1) first?.();
    return 1;
  };
  return asked;
}

function inferAll(cluster: TestCluster) {
  return Promise.all(
    pictures.map((picture, at) => cluster.master.infer('frames', `r${at}`, new Map([['image', picture]]))),
  );
}

async function expectRight(results: readonly { outputs: ReadonlyMap<string, Tensor> }[]): Promise<void> {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  await engine.start();
  for (const [at, { outputs }] of results.entries()) {
    const want = await runWhole(engine, graph, new Map([['image', pictures[at]!]]));
    for (const name of graph.outputs) expect(outputs.get(name)).toEqual(want.get(name));
  }
  await engine.stop();
}

/** On integers, so that every order of adding gives the same bits. */
function convolutions() {
  const builder = new GraphBuilder('frames', 3);
  let tensor = builder.input('image', SHAPE);
  for (const layer of [1, 2, 3]) {
    const conv = builder.conv(`conv${layer}`, tensor, { channels: 32, kernel: 3, pad: 1 });
    tensor = builder.relu(`relu${layer}`, conv);
  }
  return builder.build([tensor]);
}
