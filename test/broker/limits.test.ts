import { describe, expect, it } from '@jest/globals';
import { Collector } from '../../src/transport/conformance-support.ts';
import { startBroker, startBus } from '../support/broker.ts';
import { connectPacket, packet, publishPacket, RawClient } from '../support/raw-mqtt.ts';

describe('the broker cuts', () => {
  it('a client that does not finish its CONNECT', async () => {
    const { port } = await startBroker({ limits: { connectTimeoutMs: 100 } });
    const silent = await RawClient.open(port);
    const slow = await RawClient.open(port);
    slow.socket.write(connectPacket('slow').subarray(0, 5));
    await Promise.all([silent.closed, slow.closed]);
  });

  it('a stranger who announces or sends more than 64 KiB', async () => {
    const { port } = await startBroker();
    const announcing = await RawClient.open(port);
    announcing.socket.write(Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f));
    await announcing.closed;
    const sending = await RawClient.open(port);
    sending.socket.write(packet(0x10, Buffer.alloc(70_000)));
    await sending.closed;
  });

  it('a packet that is too large to be read to its end, before its bytes arrive', async () => {
    const { port } = await startBroker({ limits: { maxDiscardBytes: 2 ** 20 } });
    const client = await RawClient.accepted(port);
    client.socket.write(publishPacket('a', Buffer.alloc(3 * 2 ** 20)).subarray(0, 8));
    await client.closed;
  });

  it('a length of more than four bytes', async () => {
    const { port } = await startBroker();
    const client = await RawClient.accepted(port);
    client.socket.write(Buffer.of(0x30, 0x80, 0x80, 0x80, 0x80, 0x01));
    await client.closed;
  });

  it('a client that is silent for longer than its keep-alive', async () => {
    const { port } = await startBroker();
    const client = await RawClient.accepted(port, 1);
    await client.closed;
  });

  it('connections beyond the limit', async () => {
    const broker = await startBroker({ limits: { maxConnections: 2 } });
    const first = await RawClient.accepted(broker.port);
    await RawClient.accepted(broker.port).then((second) => second.socket.destroy());
    while (broker.counts.connections > 1) await new Promise((resolve) => setImmediate(resolve));
    await RawClient.accepted(broker.port);
    const third = await RawClient.open(broker.port);
    await third.closed;
    expect(first.socket.destroyed).toBe(false);
  });
});

describe('the broker takes', () => {
  it('a client that sends on before it is accepted', async () => {
    const { port } = await startBroker();
    const watcher = await startBus({ port });
    const seen = new Collector();
    await watcher.subscribe('a', seen.handler);
    const client = await RawClient.open(port);
    const payload = Buffer.alloc(2 ** 20, 7);
    client.socket.write(Buffer.concat([connectPacket('eager'), publishPacket('a', payload)]));
    await seen.count(1);
    expect(payload.equals(seen.payloads[0]!)).toBe(true);
    client.socket.destroy();
  });
});
