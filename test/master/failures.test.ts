import { afterEach, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MemoryBus } from '../../src/transport/memory-bus.ts';
import { decodeFrame, decodeJson } from '../../src/wire/codec.ts';
import { MASTER_EVENT } from '../../src/wire/messages/events.ts';
import { SHARD_CHUNK } from '../../src/wire/messages/shard-chunk.ts';
import { Topics } from '../../src/wire/topics.ts';
import { GraphBuilder } from '../../src/zoo/builder.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { runWhole } from '../support/execute.ts';

const SHAPE = [1, 8, 16, 16];
const graph = smallModel();
const input = Tensor.float32(
  SHAPE,
  Float32Array.from({ length: 2048 }, (_, at) => (at % 7) - 3),
);
const inputs = new Map([['image', input]]);
const model = { name: 'small', graph, strategy: 'depth' };
const topics = new Topics(CLUSTER);

describe('an inference whose agents fail', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  it('is answered by the master when an agent dies in the middle, and the next runs on the others', async () => {
    cluster = await new TestCluster().start([model], 3);
    const killed = onFirst(topics.ofm(cluster.master.deployment('small')!.id, 0, 0), () =>
      cluster.kill('agent-1'),
    );
    const redeployed = cluster.whenDeployed(2);
    const first = await cluster.master.infer('small', 'r1', inputs);
    await killed;
    await expectRight(first.outputs);
    expect(first.degraded).toBe(true);
    await redeployed;
    const next = await cluster.master.infer('small', 'r2', inputs);
    await expectRight(next.outputs);
    expect(next.degraded).toBe(false);
  });

  it('does not wait for ever for an agent that is online but silent', async () => {
    cluster = await new TestCluster().start([model], 2, { deadlines: { minMs: 50, maxMs: 200 } });
    cluster.hub.copies = (topic) => (topic.endsWith('/ofm') ? 0 : 1);
    const result = await cluster.master.infer('small', 'r1', inputs);
    await expectRight(result.outputs);
    expect(result.degraded).toBe(true);
  });

  it('waits once in a request for an agent that answers questions, but no shards', async () => {
    const long = { name: 'long', graph: longModel(), strategy: 'depth', scheme: 'output-depth' };
    cluster = await new TestCluster().start([long], 1, { deadlines: { minMs: 50, maxMs: 50 } });
    const deployment = cluster.master.deployment('long')!;
    const events: string[] = [];
    const stages = deployment.plan.stages.filter(({ shards }) =>
      shards.some(({ worker }) => worker === 'agent-0'),
    );
    expect(stages.length).toBeGreaterThan(2);
    const bus = new MemoryBus(cluster.hub);
    await bus.start();
    await bus.subscribe(topics.events(), (topic, payload) => {
      const event = decodeJson(MASTER_EVENT, topic, payload);
      if (event.type === 'agent-left' || event.type === 'agent-joined') events.push(event.type);
    });
    const asked = new Set<number>();
    await bus.subscribe(topics.ifm(deployment.id, 'agent-0'), (topic, payload) => {
      asked.add(decodeFrame(SHARD_CHUNK, topic, payload).header.stage);
    });
    cluster.hub.copies = (topic) => (topic.endsWith('/ofm') ? 0 : 1);
    const alone = cluster.whenDeployed(0);
    const result = await cluster.master.infer('long', 'r1', inputs);
    await expectRight(result.outputs, long.graph);
    // its announcement clears it no more than an answer to a ping does
    cluster.agents.get('agent-0')!.bus.lose();
    cluster.agents.get('agent-0')!.bus.regain();
    await alone;
    const next = await cluster.master.infer('long', 'r2', inputs);
    await expectRight(next.outputs, long.graph);
    expect([result.degraded, next.degraded, asked.size, events]).toEqual([true, false, 1, ['agent-left']]);
    await bus.stop();
  });

  it('uses a standby agent before the master', async () => {
    const forEver = { minMs: 3e6, maxMs: 3e6 };
    cluster = await new TestCluster().start([model], 2, { standby: 1, settleMs: 1000, deadlines: forEver });
    cluster.kill('agent-0');
    const result = await cluster.master.infer('small', 'r1', inputs);
    await expectRight(result.outputs);
    expect(result.degraded).toBe(true);
    const remote = result.stages.filter(({ scheme }) => scheme !== 'local');
    expect(remote.every(({ bytes }) => bytes > 0)).toBe(true);
  });

  it('drops double results', async () => {
    cluster = await new TestCluster().start([model], 2);
    cluster.hub.copies = (topic) => (/\/(ofm|ifm)$/.test(topic) ? 2 : 1);
    for (const request of ['r1', 'r2', 'r3']) {
      const result = await cluster.master.infer('small', request, inputs);
      await expectRight(result.outputs);
      expect(result.degraded).toBe(false);
    }
  });

  it('sends no filters to agents that start again with their cache', async () => {
    // both come back before the fleet has settled, so no plan is made for one agent alone
    cluster = await new TestCluster().start([model], 2, { settleMs: 2000 });
    const sent = cluster.master.sentBytes;
    expect(sent).toBeGreaterThan(0);
    const names = ['agent-0', 'agent-1'];
    await Promise.all(names.map((name) => cluster.agents.get(name)!.agent.stop()));
    const back = cluster.whenDeployed(2);
    await Promise.all(names.map((name) => cluster.addAgent(name)));
    await back;
    expect(cluster.master.sentBytes).toBe(sent);
    await expectRight((await cluster.master.infer('small', 'again', inputs)).outputs);
  });

  function onFirst(topic: string, act: () => void): Promise<void> {
    const bus = new MemoryBus(cluster.hub);
    return new Promise((resolve) => {
      void bus.start().then(() =>
        bus.subscribe(topic, () => {
          act();
          resolve();
          void bus.stop();
        }),
      );
    });
  }
});

function smallModel() {
  const builder = new GraphBuilder('small', 7);
  const image = builder.input('image', SHAPE);
  const first = builder.relu('relu1', builder.conv('conv1', image, { channels: 12, kernel: 3, pad: 1 }));
  const second = builder.relu('relu2', builder.conv('conv2', first, { channels: 10, kernel: 3 }));
  return builder.build([second]);
}

/** Several stages, one after the other. */
function longModel() {
  const builder = new GraphBuilder('long', 7);
  let last = builder.input('image', SHAPE);
  for (let at = 0; at < 4; at += 1) {
    last = builder.relu(`relu${at}`, builder.conv(`conv${at}`, last, { channels: 8, kernel: 3, pad: 1 }));
  }
  return builder.build([last]);
}

async function expectRight(outputs: ReadonlyMap<string, Tensor>, whole = graph): Promise<void> {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  await engine.start();
  const want = await runWhole(engine, whole, inputs);
  await engine.stop();
  for (const [name, tensor] of want) {
    const got = outputs.get(name)!.data as Float32Array;
    (tensor.data as Float32Array).forEach((value, at) => {
      expect(Math.abs(got[at]! - value)).toBeLessThan(1e-4);
    });
  }
}
