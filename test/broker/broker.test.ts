import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Broker } from '../../src/broker/broker.ts';
import { Collector } from '../../src/transport/conformance-support.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import { startBroker, startBus } from '../support/broker.ts';
import { connectPacket, RawClient, subscribePacket } from '../support/raw-mqtt.ts';

describe('Broker', () => {
  it('frees its port, keeps no clients, and starts again', async () => {
    const broker = await startBroker();
    const { port } = broker;
    const idle = connect(port, '127.0.0.1');
    await once(idle, 'connect');
    const closed = once(idle, 'close');
    await startBus({ port });
    await broker.stop();
    await closed;
    expect(broker.counts.connections).toBe(0);
    const next = await startBroker({ port });
    await startBus({ port: next.port });
    await broker.stop();
  });

  it('names the address that is taken', async () => {
    const { port } = await startBroker();
    await expect(new Broker({ port }).start()).rejects.toMatchObject({
      code: 'ISO_ERR_BROKER_LISTEN',
      message: `The broker cannot listen on 127.0.0.1:${port}: another program listens there.`,
    });
    const half = new Broker({ port: 0, wsPort: port });
    await expect(half.start()).rejects.toMatchObject({ code: 'ISO_ERR_BROKER_LISTEN' });
    await expect(new MqttBus({ url: `mqtt://127.0.0.1:${half.port}` }).start()).rejects.toMatchObject({
      code: 'ISO_ERR_BROKER_UNREACHABLE',
    });
  });

  it('asks for the password when it has users', async () => {
    const { port } = await startBroker({ users: { ada: 'secret' } });
    await startBus({ port, username: 'ada', password: 'secret' });
    const url = `mqtt://ada:wrong@127.0.0.1:${port}`;
    await expect(new MqttBus({ url }).start()).rejects.toMatchObject({
      code: 'ISO_ERR_BROKER_REFUSED',
      message: expect.stringMatching(
        /^The broker mqtt:\/\/ada@127[^:]*:\d+ refused .*Bad username or password/,
      ),
    });
    for (const login of [{}, { username: 'ada' }, { username: 'eve', password: 'secret' }]) {
      const bus = new MqttBus({ url: `mqtt://127.0.0.1:${port}`, ...login });
      await expect(bus.start()).rejects.toMatchObject({ code: 'ISO_ERR_BROKER_REFUSED' });
    }
  });

  it('keeps its access rules, and refuses shared subscriptions', async () => {
    const { port } = await startBroker({
      access: {
        maySubscribe: (_, id, filter) => id !== 'pi' || filter.startsWith('own/'),
        mayPublish: (_, id, topic) => id !== 'pi' || topic.startsWith('own/'),
      },
    });
    const pi = await startBus({ port, clientId: 'pi' });
    const other = await startBus({ port });
    await pi.subscribe('own/a', () => {});
    for (const filter of ['#', '$share/g/own/a']) {
      await expect(pi.subscribe(filter, () => {})).rejects.toMatchObject({
        code: 'ISO_ERR_SUBSCRIBE_REFUSED',
      });
    }
    const seen = new Collector();
    await other.subscribe('#', seen.handler);
    await pi.publish('not/own', 'x').catch(() => {});
    await other.publish('end', 'end');
    await seen.until('end');
    expect(seen.texts()).toEqual(['end']);
  });

  it('keeps no session, even for a client that asks for one', async () => {
    const { port } = await startBroker();
    const publisher = await startBus({ port });
    for (const _ of [1, 2]) {
      const client = await RawClient.open(port);
      client.socket.write(connectPacket('keeper', 60, 0));
      expect((await client.receive(4)).toString('hex')).toBe('20020000');
      client.socket.write(subscribePacket('a', 1));
      await client.receive(5);
      client.socket.destroy();
      await publisher.publish('a', 'not queued', { qos: 1 });
    }
  });

  it('ends the buses in its process when it stops, before the wills of its clients', async () => {
    const broker = await startBroker();
    const bus = broker.bus();
    await bus.start();
    const seen = new Collector();
    await bus.subscribe('#', seen.handler);
    await startBus({ port: broker.port, will: { topic: 'will', payload: 'lost' } });
    await broker.stop();
    expect(bus.state).toBe('offline');
    expect(seen.topics()).toEqual([]);
    await expect(bus.publish('a', 'b')).rejects.toMatchObject({ code: 'ISO_ERR_BUS_CLOSED' });
    await expect(bus.start()).rejects.toMatchObject({ code: 'ISO_ERR_BUS_CLOSED' });
  });
});
