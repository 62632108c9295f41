import { afterEach, describe, expect, it } from '@jest/globals';
import { IsobathClient } from '../../src/client/client.ts';
import { decodeJson, MAX_MESSAGE_BYTES } from '../../src/wire/codec.ts';
import { MASTER_EVENT, type MasterEvent } from '../../src/wire/messages/events.ts';
import { AGENT_LIST, MODEL_LIST, MODEL_REPORT, type ModelReport } from '../../src/wire/messages/models.ts';
import { Topics } from '../../src/wire/topics.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { smallInputs, smallModel } from '../support/small-model.ts';

const topics = new Topics(CLUSTER);
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function setUp(agents: number) {
  const cluster = await new TestCluster().start([smallModel], agents, { noticeMs: 1 });
  ends.push(() => cluster.stop());
  const client = new IsobathClient({ bus: cluster.hub.bus(), cluster: CLUSTER });
  await client.start();
  ends.push(() => client.stop());
  return { cluster, client };
}

/** The first retained or new message on a topic for which `good` holds. */
async function message<T>(
  cluster: TestCluster,
  topic: string,
  read: (topic: string, payload: Uint8Array) => T,
  good = (_: T) => true,
): Promise<T> {
  const bus = cluster.hub.bus();
  await bus.start();
  ends.push(() => bus.stop());
  return new Promise((resolve) => {
    void bus.subscribe(topic, (from, payload) => {
      if (payload.length === 0) return;
      const value = read(from, payload);
      if (good(value)) resolve(value);
    });
  });
}

const readList = (topic: string, payload: Uint8Array) =>
  decodeJson(MODEL_LIST, topic, payload, MAX_MESSAGE_BYTES);
const readReport = (topic: string, payload: Uint8Array) => decodeJson(MODEL_REPORT, topic, payload);

describe('what the master tells', () => {
  it('keeps a list of models with their state, and one of agents', async () => {
    const { cluster } = await setUp(2);
    const { models } = await message(
      cluster,
      topics.modelList(),
      readList,
      (list) => list.models[0]?.state === 'serving',
    );
    expect(models).toEqual([
      {
        model: 'small',
        state: 'serving',
        pictures: false,
        strategy: 'depth',
        agents: ['agent-0', 'agent-1'],
        stages: cluster.master.deployment('small')!.plan.stages.length,
        predictedMs: expect.any(Number),
      },
    ]);
    const read = (topic: string, payload: Uint8Array) => decodeJson(AGENT_LIST, topic, payload);
    expect(await message(cluster, topics.agentList(), read)).toEqual({
      v: 1,
      agents: ['agent-0', 'agent-1'],
    });
  });

  it('tells of agents that come and go, and of the plans that follow', async () => {
    const { cluster } = await setUp(1);
    const seen: MasterEvent[] = [];
    const bus = cluster.hub.bus();
    await bus.start();
    ends.push(() => bus.stop());
    await bus.subscribe(topics.events(), (topic, payload) =>
      seen.push(decodeJson(MASTER_EVENT, topic, payload)),
    );
    const two = cluster.whenDeployed(2);
    await cluster.addAgent('late');
    await two;
    const one = cluster.whenDeployed(1);
    cluster.kill('late');
    await one;
    while (seen.length < 4) await new Promise((resolve) => setImmediate(resolve));
    expect(
      seen.map((event) => [
        event.type,
        'agent' in event ? event.agent : 'agents' in event ? event.agents : '',
      ]),
    ).toEqual([
      ['agent-joined', 'late'],
      ['plan-changed', ['agent-0', 'late']],
      ['agent-left', 'late'],
      ['plan-changed', ['agent-0']],
    ]);
  });

  it('counts what a model answered, and what failed', async () => {
    const { cluster, client } = await setUp(1);
    const answered = message(
      cluster,
      topics.modelState('small'),
      readReport,
      (report: ModelReport) => report.failed === 1,
    );
    await client.infer('small', { tensors: smallInputs });
    await client.infer('small', { tensors: smallInputs });
    const wrong = client.infer('small', { file: Buffer.from('[1]') });
    await expect(wrong).rejects.toMatchObject({ code: 'ISO_ERR_INPUT_MISMATCH' });
    expect(await answered).toEqual({
      ...{ v: 1, model: 'small', state: 'serving', agents: 1, answered: 2, failed: 1, degraded: 0 },
      last: { totalMs: expect.any(Number), degraded: false },
    });
  });

  it('flags an answer that did not run as planned', async () => {
    const { cluster, client } = await setUp(1);
    const read = (topic: string, payload: Uint8Array) => decodeJson(MASTER_EVENT, topic, payload);
    const told = message(cluster, topics.events(), read, ({ type }) => type === 'degraded');
    const asking = client.infer('small', { tensors: smallInputs });
    cluster.kill('agent-0');
    const { summary } = await asking;
    expect(summary.degraded).toBe(true);
    expect(await told).toMatchObject({ type: 'degraded', model: 'small', request: summary.request });
  });
});

describe('an explanation', () => {
  it('is of the plan that runs', async () => {
    const { cluster, client } = await setUp(2);
    const { id, plan } = cluster.master.deployment('small')!;
    const explained = await client.explain('small');
    expect(explained).toMatchObject({ model: 'small', deployment: id, plan: { strategy: 'depth' } });
    expect(explained.plan.stages.map(({ name, scheme }) => [name, scheme])).toEqual(
      plan.stages.map(({ name, scheme }) => [name, scheme]),
    );
    expect(explained.plan.stages[0]).toMatchObject({
      agents: ['agent-0', 'agent-1'],
      reason: expect.stringContaining('moves'),
    });
    expect(explained.plan.predictedMs).toBeCloseTo(1000 * plan.predictedSeconds);
    expect(await client.explain('small')).toEqual(explained);
  });

  it('is asked for by any client: whatever it sends', async () => {
    const { cluster } = await setUp(0);
    const answer = message(cluster, topics.explained('small', 'r1'), (_, payload) =>
      JSON.parse(Buffer.from(payload).toString()),
    );
    const bus = cluster.hub.bus();
    await bus.start();
    ends.push(() => bus.stop());
    await bus.publish(topics.explain('small', 'r1'), 'please', { qos: 1 });
    expect(await answer).toMatchObject({
      v: 1,
      type: 'plan',
      model: 'small',
      plan: { stages: [{ scheme: 'local' }] },
    });
  });

  it('of a model that is not served is an error', async () => {
    const { cluster, client } = await setUp(0);
    await expect(client.explain('nothing')).rejects.toMatchObject({ code: 'ISO_ERR_MODEL_NOT_SERVED' });
    const answer = message(cluster, topics.explained('nothing', 'r1'), (_, payload) =>
      JSON.parse(Buffer.from(payload).toString()),
    );
    const bus = cluster.hub.bus();
    await bus.start();
    ends.push(() => bus.stop());
    await bus.publish(topics.explain('nothing', 'r1'), '', { qos: 1 });
    expect(await answer).toMatchObject({ type: 'failed', error: { code: 'ISO_ERR_MODEL_NOT_SERVED' } });
  });
});
