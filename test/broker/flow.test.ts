import { describe, expect, it } from '@jest/globals';
import type { Broker } from '../../src/broker/broker.ts';
import type { Bus } from '../../src/transport/bus.ts';
import { Collector } from '../../src/transport/conformance-support.ts';
import { atEnd, startBroker, startBus } from '../support/broker.ts';
import { RawClient, subscribePacket } from '../support/raw-mqtt.ts';

const MIB = 2 ** 20;

/** Subscribes, and then reads nothing any more. */
async function frozenClient(port: number, filter: string): Promise<RawClient> {
  const client = await RawClient.accepted(port);
  client.socket.write(subscribePacket(filter));
  await client.receive(5);
  client.keepNothing();
  client.socket.pause();
  atEnd(async () => void client.socket.destroy());
  return client;
}

async function inProcess(broker: Broker): Promise<Bus> {
  const bus = broker.bus();
  await bus.start();
  return bus;
}

const publishers: [string, (broker: Broker) => Promise<Bus>][] = [
  ['over TCP', (broker) => startBus({ port: broker.port })],
  ['in the process', inProcess],
];

describe.each(publishers)('a publisher %s', (_, publisher) => {
  it('is not stopped by a frozen subscriber, and nor are the others', async () => {
    const limits = { stallGraceMs: 300, stallTimeoutMs: 60_000, maxBacklogBytes: 16 * MIB };
    const broker = await startBroker({ limits });
    await frozenClient(broker.port, '#');
    const bus = await publisher(broker);
    const healthy = await startBus({ port: broker.port });
    const seen = new Collector();
    await healthy.subscribe('t', seen.handler);
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    for (let at = 0; at < 64; at += 1) {
      await bus.publish('t', Buffer.alloc(MIB, at));
      await seen.count(at + 1);
      seen.payloads[at] = seen.payloads[at]!.slice(0, 1);
      peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    }
    expect(broker.counts.dropped).toBeGreaterThan(20);
    expect(peak - before).toBeLessThan(200 * MIB);
  });

  it('waits for a subscriber that is slow but moves, and loses nothing', async () => {
    const limits = { maxBacklogBytes: 12 * MIB, lowWaterBytes: MIB };
    const broker = await startBroker({ limits });
    const slow = await frozenClient(broker.port, 't');
    const bus = await publisher(broker);
    let received = 0;
    const whole = new Promise<void>((resolve) => {
      slow.socket.on('data', (chunk) => {
        received += chunk.length;
        slow.socket.pause();
        setTimeout(() => slow.socket.resume(), 2); // a slow link: 64 KiB every 2 ms at most
        if (received >= 64 * MIB) resolve();
      });
    });
    slow.socket.resume();
    await Promise.all(Array.from({ length: 128 }, () => bus.publish('t', Buffer.alloc(MIB / 2))));
    await whole;
    expect(broker.counts.dropped).toBe(0);
  });
});

describe('a frozen subscriber', () => {
  it('is disconnected in the end', async () => {
    const broker = await startBroker({ limits: { stallGraceMs: 100, stallTimeoutMs: 500 } });
    const frozen = await frozenClient(broker.port, 't');
    const bus = await inProcess(broker);
    for (let at = 0; at < 24; at += 1) await bus.publish('t', Buffer.alloc(MIB));
    frozen.socket.on('end', () => {});
    while (broker.counts.connections > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('that keeps asking is not answered without bound', async () => {
    const broker = await startBroker({ limits: { stallGraceMs: 100, stallTimeoutMs: 60_000 } });
    const frozen = await frozenClient(broker.port, 't');
    const bus = await inProcess(broker);
    for (let at = 0; at < 24; at += 1) await bus.publish('t', Buffer.alloc(MIB));
    // Its requests are left in its own socket once it is stalled.
    const pings = Buffer.alloc(MIB).fill(Buffer.of(0xc0, 0));
    let taken = true;
    for (let at = 0; at < 64 && taken; at += 1) {
      taken = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), 2000);
        frozen.socket.write(pings, () => {
          clearTimeout(timer);
          resolve(true);
        });
      });
    }
    expect(taken).toBe(false);
  });

  it('that is too far behind for QoS 1 is disconnected at once', async () => {
    const broker = await startBroker({ limits: { stallGraceMs: 100, maxBacklogBytes: 2 * MIB } });
    const client = await RawClient.accepted(broker.port);
    client.socket.write(subscribePacket('t', 1));
    await client.receive(5);
    client.socket.pause();
    const bus = await inProcess(broker);
    while (broker.counts.connections > 0) await bus.publish('t', Buffer.alloc(MIB), { qos: 1 });
    client.socket.destroy();
  });
});
