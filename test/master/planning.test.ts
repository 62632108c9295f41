import { afterEach, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import type { Deployment } from '../../src/master/deployment.ts';
import { isDistributed } from '../../src/planner/plan.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MemoryBus } from '../../src/transport/memory-bus.ts';
import { Topics } from '../../src/wire/topics.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { runWhole } from '../support/execute.ts';
import { answerPings, ghost } from '../support/ghost.ts';
import { difference } from '../support/onnxruntime.ts';
import { PricedEngine } from '../support/priced-engine.ts';

const SHAPE = [1, 256, 14, 14];
const graph = deepModel();
const input = Tensor.float32(
  SHAPE,
  Float32Array.from({ length: 50_176 }, (_, at) => Math.sin(at)),
);
const inputs = new Map([['image', input]]);
const model = { name: 'deep', graph, strategy: 'auto' };

describe('a master that plans by what its fleet can do', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  it('distributes what pays on a fleet of assumed speed, and the answer is right', async () => {
    cluster = await new TestCluster().start([model], 3);
    const { plan } = cluster.master.deployment('deep')!;
    expect(plan.stages.filter(isDistributed).length).toBeGreaterThan(0);
    const { outputs, degraded } = await cluster.master.infer('deep', 'r1', inputs);
    expect(degraded).toBe(false);
    await expectWhole(outputs);
  });

  it('moves when an agent turns out to be slow', async () => {
    cluster = await new TestCluster().start([model], 3);
    const { profiles } = cluster.master;
    const first = cluster.master.deployment('deep')!;
    const shard = first.plan.stages
      .flatMap(({ shards }) => shards)
      .find(({ worker }) => worker === 'agent-0')!;
    const expected = profiles.profile.agents.find(({ id }) => id === 'agent-0')!.compute.secondsPerRun;
    const moved = new Promise<Deployment>((resolve) => {
      cluster.master.on('deployed', ({ deployment }) => resolve(deployment));
    });
    for (let run = 0; run < 8; run += 1) profiles.observe('agent-0', shard.shard.work, 10);
    const corrected = profiles.profile.agents.find(({ id }) => id === 'agent-0')!.compute.secondsPerRun;
    expect(corrected).toBeGreaterThan(2 * expected);
    const next = await moved;
    expect(next.plan.predictedSeconds).not.toBe(first.plan.predictedSeconds);
    expect(cluster.master.deployment('deep')).toBe(next);
    await expectWhole((await cluster.master.infer('deep', 'r2', inputs)).outputs);
  });
});

describe('a fleet that takes long to measure', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  it('is served before all of it is measured', async () => {
    cluster = new TestCluster();
    const bus = new MemoryBus(cluster.hub);
    await bus.start();
    // its probes are never answered
    await ghost(bus, new Topics(CLUSTER), 'ghost');
    await answerPings(bus, new Topics(CLUSTER), 'ghost');
    const small = { name: 'small', graph: reluModel(), strategy: 'auto' };
    const engine = new PricedEngine({ runMs: 0.3, wayMs: 0.1, msPerMac: () => 1e-6, msPerByte: 1e-6 });
    const benchmark = { now: engine.now };
    await cluster.start([small], 0, { calibration: 'start', measureMs: 1, engine, benchmark });
    let isMeasured = false;
    void cluster.master.profiles.settled().then(() => {
      isMeasured = true;
    });
    await cluster.master.infer('small', 'r', new Map([['image', Tensor.zeros('float32', [1, 3, 4, 4])]]));
    expect(isMeasured).toBe(false);
  });
});

function reluModel() {
  const builder = new GraphBuilder('small', 3);
  return builder.build([builder.relu('relu', builder.input('image', [1, 3, 4, 4]))]);
}

/** Many channels on small planes: most of the time is arithmetic. */
function deepModel() {
  const builder = new GraphBuilder('deep', 3);
  let tensor = builder.input('image', SHAPE);
  for (const layer of [1, 2, 3, 4]) {
    const conv = builder.conv(`conv${layer}`, tensor, { channels: 256, kernel: 3, pad: 1 });
    tensor = builder.relu(`relu${layer}`, conv);
  }
  return builder.build([tensor]);
}

async function expectWhole(outputs: ReadonlyMap<string, Tensor>): Promise<void> {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  await engine.start();
  const want = await runWhole(engine, graph, inputs);
  await engine.stop();
  for (const [name, tensor] of want) {
    expect(difference(outputs.get(name)!, tensor, { relative: 1e-4, absolute: 1e-4 })).toBeUndefined();
  }
}
