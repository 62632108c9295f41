import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/base/logger.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { Master } from '../../src/master/master.ts';
import { MemoryBus } from '../../src/transport/memory-bus.ts';
import { decodeJson, encodeJson } from '../../src/wire/codec.ts';
import { MASTER_STATUS } from '../../src/wire/messages/status.ts';
import { Topics } from '../../src/wire/topics.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { ghost } from '../support/ghost.ts';
import { expectSmall, smallInputs, smallModel } from '../support/small-model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { Watch } from '../support/watch.ts';

const topics = new Topics(CLUSTER);

describe('a deployment', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  it('serves until the next one is ready, and after one that fails', async () => {
    cluster = await new TestCluster().start([smallModel], 1);
    const before = cluster.master.deployment('small')!;
    const bus = new MemoryBus(cluster.hub);
    await bus.start();
    const orders = await new Watch((topic) => topic).on(bus, topics.control('ghost'));
    const ordered = orders.next();
    await ghost(bus, topics, 'ghost');
    await ordered;
    const meanwhile = await cluster.master.infer('small', 'r1', smallInputs);
    expect([cluster.master.deployment('small'), meanwhile.degraded]).toEqual([before, false]);
    await expectSmall(meanwhile.outputs);

    const failed = new Promise((resolve) => cluster.master.on('failed', resolve));
    await ghost(bus, topics, 'ghost', 'offline');
    expect(await failed).toMatchObject({ model: 'small', error: { code: 'ISO_ERR_DEPLOY_FAILED' } });
    expect(cluster.master.deployment('small')).toBe(before);

    const grown = cluster.whenDeployed(2);
    await cluster.addAgent('agent-1');
    const after = await grown;
    expect(after.id).not.toBe(before.id);
    expect((await cluster.master.infer('small', 'r2', smallInputs)).degraded).toBe(false);
    await bus.stop();
  });

  it('answers requests that are under way when it is replaced', async () => {
    cluster = await new TestCluster().start([smallModel], 2);
    const next = cluster.whenDeployed(3);
    const joining = cluster.addAgent('agent-2');
    const results: Promise<{ degraded: boolean }>[] = [];
    let replaced = false;
    void next.then(() => {
      replaced = true;
    });
    for (let at = 0; !replaced; at += 1) {
      const run = cluster.master.infer('small', `r${at}`, smallInputs);
      results.push(run);
      await run;
    }
    await joining;
    expect((await Promise.all(results)).some(({ degraded }) => degraded)).toBe(false);
  });

  it('that no agent answers for does not hold up the stop', async () => {
    cluster = await new TestCluster().start([smallModel], 0);
    const bus = new MemoryBus(cluster.hub);
    await bus.start();
    const orders = await new Watch((topic) => topic).on(bus, topics.control('ghost'));
    const ordered = orders.next();
    await ghost(bus, topics, 'ghost');
    await ordered;
    await cluster.master.stop();
    await bus.stop();
  });

  it('that cannot be planned is reported, and leaves the other models alone', async () => {
    cluster = new TestCluster();
    const failed = new Promise((resolve) => {
      void cluster
        .start([smallModel, { ...smallModel, name: 'odd', scheme: 'diagonal' }], 1)
        .then(() => cluster.master.on('failed', resolve));
    });
    expect(await failed).toMatchObject({ model: 'odd', error: { code: 'ISO_ERR_SCHEME_UNKNOWN' } });
    expect((await cluster.master.infer('small', 'r1', smallInputs)).degraded).toBe(false);
  });
});

describe('the master', () => {
  let cluster: TestCluster | undefined;
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
  });

  it('puts a late will of an earlier run right', async () => {
    cluster = await new TestCluster().start([smallModel], 0);
    const bus = new MemoryBus(cluster.hub);
    await bus.start();
    const status = await new Watch((topic, payload) => decodeJson(MASTER_STATUS, topic, payload)).on(
      bus,
      topics.masterStatus(),
    );
    const { epoch } = await status.first(({ state }) => state === 'online');
    const again = status.next(({ state }) => state === 'online');
    const will = { v: 1, state: 'offline', epoch: epoch - 1, version: '0', models: [] };
    await bus.publish(topics.masterStatus(), encodeJson(will), { qos: 1, retain: true });
    expect((await again).epoch).toBe(epoch);
    await bus.stop();
  });

  it('leaves nothing behind when it cannot start', async () => {
    const { hub } = new TestCluster();
    const bus = new MemoryBus(hub);
    bus.subscribe = () => Promise.reject(new Error('refused'));
    const engine = new OnnxruntimeEngine({ threads: 1 });
    const directory = await temporaryFolder();
    const options = { cluster: CLUSTER, connect: () => bus, engine, logger: silentLogger, directory };
    const master = new Master({ ...options, models: [smallModel] });
    await expect(master.start()).rejects.toThrow('refused');
    expect(bus.state).toBe('offline');
    await expect(engine.compile(smallModel.graph)).rejects.toMatchObject({ code: 'ISO_ERR_ENGINE_CLOSED' });
  });
});
