import { afterEach, describe, expect, it } from '@jest/globals';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MemoryBus } from '../../src/transport/memory-bus.ts';
import { decodeFrame, encodeFrame } from '../../src/wire/codec.ts';
import { SHARD_CHUNK, type ShardChunk } from '../../src/wire/messages/shard-chunk.ts';
import { Topics } from '../../src/wire/topics.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { coded } from '../support/code.ts';
import { expectSmall, smallInputs, smallModel } from '../support/small-model.ts';

const topics = new Topics(CLUSTER);
/** A test that waited for a deadline would not end. */
const PATIENT = { minMs: 600_000, maxMs: 600_000 };

describe('the master, among agents and networks that do wrong,', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  async function clusterOf(
    agents: number,
    options: Parameters<TestCluster['start']>[2] = {},
  ): Promise<TestCluster> {
    cluster = new TestCluster();
    return cluster.start([smallModel], agents, { deadlines: PATIENT, settleMs: 1000, ...options });
  }

  /** A frame like `header`, with other fields and bytes. */
  function forged(header: ShardChunk, fields: Partial<ShardChunk>, bytes = new Uint8Array(4)): Buffer {
    const { crc32: _, ...rest } = { ...header, ...fields };
    return encodeFrame<ShardChunk>(rest, bytes.length, (target) => target.set(bytes));
  }

  it.each([
    ['another shape', { shape: [1, 1, 1, 1] }],
    ['another type', { dtype: 'int32' }],
    ['a place past the end', { offset: 2 ** 40, total: 2, seq: 1 }],
    ['a chunk that does not exist', { seq: 7, total: 2 }],
  ] as const)('runs a shard elsewhere at once when its result has %s', async (_, fields) => {
    await clusterOf(2);
    const evil = new MemoryBus(cluster.hub);
    await evil.start();
    // the true OFM of the first shard is lost; what comes in its place is forged from the IFM's header
    const deployment = cluster.master.deployment('small')!;
    const ofm = topics.ofm(deployment.id, 0, 0);
    let forgeries = 0;
    let letThrough = false;
    cluster.hub.copies = (topic) => (topic === ofm && !letThrough ? 0 : 1);
    await evil.subscribe(topics.sharedIfm(deployment.id, 0), (topic, payload) => {
      const { header } = decodeFrame(SHARD_CHUNK, topic, payload);
      forgeries += 1;
      letThrough = true;
      const shape = [1, 6, 16, 16];
      void evil.publish(ofm, forged(header, { shard: 0, shape, seq: 0, total: 1, offset: 0, ...fields }));
      letThrough = false;
    });
    const result = await cluster.master.infer('small', 'r1', smallInputs);
    await evil.stop();
    expect([forgeries, result.degraded]).toEqual([1, true]);
    await expectSmall(result.outputs);
  });

  it('drops parts that nobody waits for', async () => {
    await clusterOf(2);
    const evil = new MemoryBus(cluster.hub);
    await evil.start();
    const { id } = cluster.master.deployment('small')!;
    const header = {
      v: 1,
      request: 'r1.0',
      stage: 0,
      shard: 0,
      attempt: 0,
      tensor: 0,
      dtype: 'float32',
    } as const;
    const base = { ...header, shape: [1], seq: 0, total: 1, offset: 0, crc32: 0 };
    for (const fields of [{ attempt: 9 }, { stage: 99 }, { shard: -1 }, { request: 'other' }, { tensor: 9 }])
      await evil.publish(topics.ofm(id, 0, 0), forged(base, fields));
    await evil.publish(topics.ofm(id, 0, 0), 'garbage');
    const result = await cluster.master.infer('small', 'r1', smallInputs);
    await evil.stop();
    expect(result.degraded).toBe(false);
    await expectSmall(result.outputs);
  });

  it('goes on elsewhere at once, and stays there, when a region could not be sent', async () => {
    let bus!: MemoryBus;
    await clusterOf(2, {
      standby: 1,
      connect: (will) => {
        bus = new MemoryBus(cluster.hub, { will });
        return bus;
      },
    });
    const publish = bus.publish.bind(bus);
    const shared = topics.sharedIfm(cluster.master.deployment('small')!.id, 0);
    let failures = 0;
    bus.publish = (topic, ...rest) => {
      if (topic !== shared || failures > 0) return publish(topic, ...rest);
      failures += 1;
      return Promise.reject(new Error('offline'));
    };
    const result = await cluster.master.infer('small', 'r1', smallInputs);
    expect([failures, result.degraded]).toEqual([1, true]);
    const [first] = result.stages;
    expect(first!.bytes).toBeGreaterThan(0);
    await expectSmall(result.outputs);
  });

  it('keeps requests of the same name apart', async () => {
    await clusterOf(2);
    const results = await Promise.all(
      [1, 2, 3].map(() => cluster.master.infer('small', 'same', smallInputs)),
    );
    for (const { degraded, outputs } of results) {
      expect(degraded).toBe(false);
      await expectSmall(outputs);
    }
  });

  it('asks nothing of an agent that has started again, until it is deployed there', async () => {
    await clusterOf(2);
    await cluster.agents.get('agent-0')!.agent.stop();
    const joined = cluster.whenDeployed(2);
    await cluster.addAgent('agent-0');
    const result = await cluster.master.infer('small', 'r1', smallInputs);
    expect(result.degraded).toBe(true);
    await expectSmall(result.outputs);
    await joined;
    expect((await cluster.master.infer('small', 'r2', smallInputs)).degraded).toBe(false);
  });

  it('ends an inference with an error, not with silence, when it cannot run a shard itself either', async () => {
    const engine = new OnnxruntimeEngine({ threads: 1 });
    await clusterOf(2, { engine });
    engine.compile = () => Promise.reject(new Error('no memory'));
    for (const name of ['agent-0', 'agent-1']) cluster.kill(name);
    await expect(cluster.master.infer('small', 'r1', smallInputs)).rejects.toThrow('no memory');
  });

  it('refuses inputs that the model does not take, and names that are none', async () => {
    await clusterOf(0);
    const infer = (name: string, inputs: Map<string, Tensor>) => cluster.master.infer('small', name, inputs);
    await expect(infer('r1', new Map())).rejects.toEqual(coded('ISO_ERR_INPUT_MISMATCH', 'image'));
    const more = new Map([...smallInputs, ['relu1', Tensor.zeros('float32', [1])]] as [string, Tensor][]);
    await expect(infer('r2', more)).rejects.toEqual(coded('ISO_ERR_REQUEST_INVALID', 'relu1'));
    await expect(infer('r/3', smallInputs)).rejects.toEqual(coded('ISO_ERR_TOPIC_INVALID'));
    await expect(cluster.master.infer('large', 'r4', smallInputs)).rejects.toEqual(
      coded('ISO_ERR_MODEL_NOT_SERVED'),
    );
  });
});
