import { afterEach, describe, expect, it } from '@jest/globals';
import { encodeMessage } from '../../src/wire/codec.ts';
import { Topics } from '../../src/wire/topics.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { recordingLogger } from '../support/log.ts';
import { smallModel } from '../support/small-model.ts';

const topics = new Topics(CLUSTER);

describe('requests that the broker has kept (retained)', () => {
  const cluster = new TestCluster();
  afterEach(() => cluster.stop());

  it('are not carried out when the master or an agent starts, and are told of once', async () => {
    const { logger, lines } = recordingLogger();
    const client = cluster.hub.bus();
    await client.start();
    const kept = { qos: 1, retain: true } as const;
    for (const id of ['kept-1', 'kept-2']) await client.publish(topics.infer('small', id), 'picture', kept);
    await client.publish(topics.explain('small', 'kept'), 'why', kept);
    const control = { v: 1, type: 'undeploy', deployment: 'd1' } as const;
    await client.publish(topics.control('agent-0'), encodeMessage(control), kept);
    const answered: string[] = [];
    const live = new Promise<void>((resolve) => {
      const onAnswer = (topic: string) => {
        answered.push(topic);
        if (topic.endsWith('/live')) resolve();
      };
      void client.subscribe('isobath/v1/+/models/+/result/+', onAnswer);
      void client.subscribe('isobath/v1/+/models/+/explained/+', onAnswer);
    });
    await cluster.start([smallModel], 1, { logger, agent: { logger } });
    // published with retain while the master runs: it is made now, and this once
    await client.publish(topics.infer('small', 'live'), 'no picture', kept);
    await live;
    expect(answered).toEqual([topics.result('small', 'live')]);
    const told = lines.filter(({ text }) => text.startsWith('A retained request is ignored'));
    expect(told.map(({ level, facts }) => [level, facts['topic']]).sort()).toEqual(
      [topics.control('agent-0'), topics.explain('small', 'kept'), topics.infer('small', 'kept-1')]
        .map((topic) => ['info', topic])
        .sort(),
    );
    await client.stop();
  });
});
