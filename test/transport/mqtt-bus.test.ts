import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { Logger } from '../../src/base/logger.ts';
import { Collector } from '../../src/transport/conformance-support.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import { backoff, withoutPassword } from '../../src/transport/mqtt-options.ts';
import { atEnd, startBroker, startBus } from '../support/broker.ts';

function stateOf(bus: MqttBus, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    const end = bus.onState((state) => {
      if (state !== wanted) return;
      end();
      resolve();
    });
  });
}

describe('MqttBus', () => {
  it('names the broker that it cannot reach, without the password', async () => {
    const bus = new MqttBus({ url: 'mqtt://ada:secret@127.0.0.1:1' });
    await expect(bus.start()).rejects.toMatchObject({
      code: 'ISO_ERR_BROKER_UNREACHABLE',
      message: expect.stringMatching(
        /^The broker mqtt:\/\/ada@127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
      ),
    });
    await bus.stop();
  });

  it('gives up on a server that says nothing', async () => {
    const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const bus = new MqttBus({ url: `mqtt://127.0.0.1:${port}`, connectTimeoutMs: 100 });
    await expect(bus.start()).rejects.toMatchObject({ code: 'ISO_ERR_BROKER_UNREACHABLE' });
    server.close();
  });

  it('comes back with its subscriptions before it tells that it is online', async () => {
    const first = await startBroker();
    const { port } = first;
    const lines: string[] = [];
    const write = (_: object, text: string) => lines.push(text);
    const logger: Logger = { error: write, warn: write, info: write, debug() {}, child: () => logger };
    const bus = await startBus({ port, logger });
    const seen = new Collector();
    await bus.subscribe('a/+', seen.handler, { qos: 1 });
    const offline = stateOf(bus, 'offline');
    await first.stop();
    await offline;
    await expect(bus.publish('a/1', 'lost')).rejects.toMatchObject({ code: 'ISO_ERR_BUS_OFFLINE' });
    const kept = bus.publish('a/2', 'kept', { qos: 1 });
    const late = bus.subscribe('b', seen.handler);
    const online = stateOf(bus, 'online');
    const second = await startBroker({ port });
    await online;
    const inside = second.bus();
    await inside.start();
    await inside.publish('a/3', 'again');
    await Promise.all([kept, late]);
    await inside.publish('b', 'late');
    await seen.until('again');
    await seen.until('late');
    expect(seen.texts()).not.toContain('lost');
    expect(lines).toEqual(['The connection to the broker is lost', 'The connection to the broker is back']);
    await bus.stop();
  });

  it('settles what was under way when the broker goes', async () => {
    const broker = await startBroker();
    const bus = await startBus({ port: broker.port, windowBytes: 8 * 2 ** 20 });
    const sent = Array.from({ length: 32 }, () => bus.publish('a', Buffer.alloc(2 ** 20)));
    const outcome = Promise.allSettled(sent);
    await broker.stop();
    const codes = (await outcome).flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes)).toEqual(new Set(['ISO_ERR_BUS_OFFLINE']));
    await bus.stop();
  });

  it('stops while it is offline, and settles what waits', async () => {
    const broker = await startBroker();
    const bus = await startBus({ port: broker.port });
    const offline = stateOf(bus, 'offline');
    await broker.stop();
    await offline;
    const waiting = [bus.publish('a', 'b', { qos: 1 }), bus.subscribe('c', () => {})];
    const outcome = Promise.allSettled(waiting);
    await bus.stop();
    for (const one of await outcome) expect(one).toMatchObject({ reason: { code: 'ISO_ERR_BUS_CLOSED' } });
  });

  it('logs a failing handler', async () => {
    const { port } = await startBroker();
    const lines: string[] = [];
    const logger: Logger = {
      error: (_, text) => lines.push(text),
      warn() {},
      info() {},
      debug() {},
      child: () => logger,
    };
    const bus = await startBus({ port, logger });
    const seen = new Collector();
    await bus.subscribe('a', () => {
      throw new Error('on purpose');
    });
    await bus.subscribe('a', seen.handler);
    await bus.publish('a', 'x');
    await seen.count(1);
    expect(lines).toEqual(['A message handler failed: on purpose']);
  });

  it('subscribes again while the end of the subscription before is still under way', async () => {
    const { port } = await startBroker();
    const bus = await startBus({ port });
    for (let round = 0; round < 50; round += 1) {
      const unsubscribe = await bus.subscribe('a', () => undefined);
      void unsubscribe();
      const seen = new Collector();
      const end = await bus.subscribe('a', seen.handler);
      await bus.publish('a', String(round));
      await seen.count(1);
      await end();
    }
  });

  it('can be started again after a stop', async () => {
    const { port } = await startBroker();
    const bus = new MqttBus({ url: `mqtt://127.0.0.1:${port}` });
    atEnd(() => bus.stop());
    const seen = new Collector();
    for (const text of ['1', '2']) {
      await bus.start();
      await bus.start();
      const end = await bus.subscribe('a', seen.handler);
      await bus.publish('a', text);
      await seen.until(text);
      await end();
      await bus.stop();
    }
  });
});

describe('backoff', () => {
  it('doubles up to its bound and varies by a quarter', () => {
    expect([0, 1, 2, 10, 1000].map((attempt) => backoff(attempt, 100, 1000, 0.5))).toEqual([
      100, 200, 400, 1000, 1000,
    ]);
    expect([0, 1].map((random) => backoff(0, 100, 1000, random))).toEqual([75, 125]);
  });
});

describe('withoutPassword', () => {
  it.each([
    ['mqtt://a:b@h:1', 'mqtt://a@h:1'],
    ['mqtt://h', 'mqtt://h'],
    ['ws://h:80/x', 'ws://h/x'],
    ['//a:b@h', '//h'],
  ])('%s becomes %s', (url, plain) => {
    expect(withoutPassword(url)).toBe(plain);
  });
});
