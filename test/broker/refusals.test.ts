import { describe, expect, it } from '@jest/globals';
import { REFUSALS, type RefusalCause } from '../../src/broker/refusal.ts';
import { Collector } from '../../src/transport/conformance-support.ts';
import { startBroker, startBus } from '../support/broker.ts';
import { type LogLine, recordingLogger } from '../support/log.ts';
import {
  connectPacket,
  packet,
  publishPacket,
  RawClient,
  subscribePacket,
  text,
} from '../support/raw-mqtt.ts';

/** A broker whose log lines are kept. `told` waits for nothing: a client that was closed has been told of. */
async function start(options: Parameters<typeof startBroker>[0] = {}) {
  const record = recordingLogger();
  const broker = await startBroker({ ...options, logger: record.logger });
  const told = (cause: RefusalCause): LogLine[] =>
    record.lines.filter(({ facts }) => facts['cause'] === cause);
  return { broker, port: broker.port, told, lines: record.lines };
}

async function closedAfter(port: number, ...bytes: Buffer[]): Promise<RawClient> {
  const client = await RawClient.open(port);
  for (const each of bytes) client.socket.write(each);
  await client.closed;
  return client;
}

describe('MQTT 3.1.1, CONNECT', () => {
  it.each([0, 1, 300, 301, 1800, 65_535])(
    '[MQTT-3.1.2-24] accepts a keep-alive of %i s, none (0) as any other',
    async (keepalive) => {
      const { port } = await start();
      const client = await RawClient.open(port);
      client.socket.write(connectPacket('raw', keepalive));
      expect([...(await client.receive(4))]).toEqual([0x20, 2, 0, 0]);
      client.socket.write(Buffer.of(0xc0, 0));
      expect([...(await client.receive(2))]).toEqual([0xd0, 0]);
      client.socket.destroy();
    },
  );

  it('[MQTT-3.1.2-2] answers another protocol level with return code 1, and says so', async () => {
    const { port, told } = await start();
    const level5 = Buffer.concat([text('MQTT'), Buffer.of(5, 2, 0, 60, 0), text('five')]);
    const client = await closedAfter(port, packet(0x10, level5));
    expect([...(await client.receive(4))]).toEqual([0x20, 2, 0, 1]);
    expect(told('protocol')).toEqual([
      expect.objectContaining({
        level: 'info',
        text: expect.stringContaining('Set the client to MQTT 3.1.1'),
      }),
    ]);
  });

  it('[MQTT-3.1.3-8] answers no identifier without a clean session with return code 2, and says so', async () => {
    const { port, told } = await start();
    const client = await closedAfter(port, connectPacket('', 60, 0));
    expect([...(await client.receive(4))]).toEqual([0x20, 2, 0, 2]);
    expect(told('identifier')).toHaveLength(1);
    const named = await RawClient.open(port);
    named.socket.write(connectPacket('', 60, 2));
    expect([...(await named.receive(4))]).toEqual([0x20, 2, 0, 0]);
    named.socket.destroy();
  });

  it('[MQTT-3.2.2-4] gives no return code but 0 to 5', async () => {
    const { port } = await start({ users: { ada: 'secret' } });
    const client = await closedAfter(port, connectPacket('eve', 1800));
    const [, , , code] = await client.receive(4);
    expect(code).toBe(4);
  });
});

describe('each refusal is one line at info or above, with reason and cure:', () => {
  const cases: Record<string, [RefusalCause, Parameters<typeof startBroker>[0], Buffer[]]> = {
    'a wrong password': ['credentials', { users: { ada: 'secret' } }, [connectPacket('eve')]],
    'what is not MQTT': ['malformed', {}, [Buffer.from('\x30\x05hello')]],
    'a stranger who sends too much': ['large', {}, [Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f)]],
    'no CONNECT in time': [
      'silent',
      { limits: { connectTimeoutMs: 50 } },
      [connectPacket('slow').subarray(0, 5)],
    ],
    'silence beyond the keep-alive': ['silent', {}, [connectPacket('quiet', 1)]],
    'a SUBSCRIBE that is too large': [
      'large',
      {},
      [connectPacket('raw'), Buffer.of(0x82, 0xff, 0xff, 0xff, 0x7f)],
    ],
    'a topic with a wildcard': ['malformed', {}, [connectPacket('raw'), publishPacket('a/#', Buffer.of(1))]],
  };

  it.each(Object.entries(cases))('%s', async (_, [cause, options, bytes]) => {
    const { port, told, lines } = await start(options);
    await closedAfter(port, ...bytes);
    const { reason, cure } = REFUSALS[cause];
    expect(told(cause)).toEqual([
      expect.objectContaining({
        level: 'info',
        text: `The broker refused a client: ${reason}. ${cure}`,
        facts: expect.objectContaining({ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }),
      }),
    ]);
    expect(lines.filter(({ level }) => level !== 'debug')).toHaveLength(1);
  });

  it('a connection beyond the limit', async () => {
    const { port, told } = await start({ limits: { maxConnections: 1 } });
    const first = await RawClient.accepted(port);
    await closedAfter(port);
    expect(told('connections')).toEqual([expect.objectContaining({ level: 'info' })]);
    first.socket.destroy();
  });

  it('but no more than ten of one cause in a minute', async () => {
    const { port, told } = await start({ users: { ada: 'secret' } });
    for (let at = 0; at < 13; at += 1) await closedAfter(port, connectPacket(`eve-${at}`));
    expect(told('credentials')).toHaveLength(10);
  });

  it('and a client that leaves by itself is none', async () => {
    const { broker, port, lines } = await start();
    const client = await RawClient.accepted(port);
    client.socket.resetAndDestroy();
    await client.closed;
    while (broker.counts.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(lines.filter(({ level }) => level !== 'debug')).toEqual([]);
  });
});

describe('[MQTT-3.3.5-2] a PUBLISH that a client may not make', () => {
  const access = { mayPublish: (_: unknown, id: string, topic: string) => id !== 'pi' || topic === 'own' };

  it('is acknowledged by its QoS, dropped, and told of once for each topic', async () => {
    const { port, told } = await start({ access });
    const watcher = await startBus({ port });
    const seen = new Collector();
    await watcher.subscribe('#', seen.handler);
    const client = await RawClient.open(port);
    client.socket.write(connectPacket('pi'));
    await client.receive(4);
    const secret = Buffer.from('secret');
    for (const id of [1, 2])
      client.socket.write(publishPacket('not/own', secret, { qos: 1, id, retain: true }));
    expect([...(await client.receive(8))]).toEqual([0x40, 2, 0, 1, 0x40, 2, 0, 2]);
    client.socket.write(publishPacket('not/own/2', secret, { qos: 2, id: 3 }));
    expect([...(await client.receive(4))]).toEqual([0x50, 2, 0, 3]);
    client.socket.write(Buffer.of(0x62, 2, 0, 3));
    expect([...(await client.receive(4))]).toEqual([0x70, 2, 0, 3]);
    client.socket.write(Buffer.concat([publishPacket('not/own', secret), publishPacket('own', secret)]));
    await seen.count(1);
    expect(seen.topics()).toEqual(['own']);
    // nothing was kept either
    const late = new Collector();
    await watcher.subscribe('not/#', late.handler);
    await watcher.publish('not/end', 'end');
    await late.until('end');
    expect(late.topics()).toEqual(['not/end']);
    expect(told('publish').map(({ level, facts }) => [level, facts['client'], facts['topic']])).toEqual([
      ['warn', 'pi', 'not/own'],
      ['warn', 'pi', 'not/own/2'],
    ]);
    client.socket.destroy();
  });

  it('does not reach a bus in the process of the broker, nor who subscribes to all topics of the broker', async () => {
    const { broker, port } = await start({ access });
    const bus = broker.bus();
    await bus.start();
    const inside = new Collector();
    await bus.subscribe('#', inside.handler);
    const watcher = await startBus({ port });
    const outside = new Collector();
    await watcher.subscribe('$refused', outside.handler);
    const pi = await startBus({ port, clientId: 'pi' });
    await pi.publish('not/own', 'secret', { qos: 1 });
    await pi.publish('own', 'end', { qos: 1 });
    await inside.until('end');
    await watcher.publish('end', 'end', { qos: 1 });
    expect(inside.texts()).toContain('end');
    expect(inside.topics()).not.toContain('not/own');
    expect(outside.topics()).toEqual([]);
  });
});

describe('a PUBLISH that is too large', () => {
  it('is read, acknowledged and dropped, with a warning; what follows is served', async () => {
    const { port, told } = await start();
    const watcher = await startBus({ port });
    const seen = new Collector();
    await watcher.subscribe('#', seen.handler);
    const client = await RawClient.accepted(port);
    client.socket.write(publishPacket('picture', Buffer.alloc(3 * 2 ** 20), { qos: 1, id: 9 }));
    client.socket.write(publishPacket('next', Buffer.from('next'), { qos: 1, id: 10 }));
    expect([...(await client.receive(8))]).toEqual([0x40, 2, 0, 9, 0x40, 2, 0, 10]);
    await seen.until('next');
    expect(seen.topics()).toEqual(['next']);
    expect(told('large')).toEqual([
      expect.objectContaining({
        level: 'warn',
        facts: expect.objectContaining({
          topic: 'picture',
          bytes: 3 * 2 ** 20 + 11,
          limit: 2 ** 21 + 2 ** 16,
        }),
        text: expect.stringContaining('limits.maxPacketBytes'),
      }),
    ]);
    client.socket.destroy();
  });

  it('that asks for an inference is answered with a coded error', async () => {
    const { port } = await start();
    const client = await startBus({ port });
    const answers = new Collector();
    await client.subscribe('isobath/v1/home/models/street/result/r1', answers.handler);
    await client.publish('isobath/v1/home/models/street/infer/r1', Buffer.alloc(3 * 2 ** 20), { qos: 1 });
    await answers.count(1);
    expect(JSON.parse(answers.texts()[0]!)).toEqual({
      error: expect.objectContaining({
        code: 'ISO_ERR_MESSAGE_TOO_LARGE',
        message: expect.stringContaining('the broker takes 2162688'),
        cure: expect.stringContaining('Send a smaller picture'),
      }),
    });
  });
});

describe('a SUBSCRIBE that a client may not make', () => {
  it('[MQTT-3.9.3] is answered with 0x80 and told of once', async () => {
    const { port, told } = await start();
    const client = await RawClient.accepted(port);
    for (let at = 0; at < 2; at += 1) client.socket.write(subscribePacket('$share/g/a'));
    expect([...(await client.receive(10))]).toEqual([0x90, 3, 0, 1, 0x80, 0x90, 3, 0, 1, 0x80]);
    expect(told('subscribe')).toEqual([expect.objectContaining({ level: 'warn' })]);
    client.socket.destroy();
  });
});
