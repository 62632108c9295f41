import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { startBroker } from '../support/broker.ts';
import { connectPacket, packet } from '../support/raw-mqtt.ts';

async function open(port: number, protocol = 'mqtt'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, protocol);
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

describe('the WebSocket listener', () => {
  it('takes a packet in many frames, and many packets in one', async () => {
    const { wsPort } = await startBroker({ wsPort: 0 });
    const socket = await open(wsPort!);
    const answers = Buffer.alloc(6);
    let filled = 0;
    const whole = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        filled += data.copy(answers, filled);
        if (filled === 6) resolve();
      });
    });
    const bytes = Buffer.concat([connectPacket('ws'), Buffer.of(0xc0, 0)]);
    for (const byte of bytes.subarray(0, 5)) socket.send(Buffer.of(byte));
    socket.send(bytes.subarray(5));
    await whole;
    expect(answers.toString('hex')).toBe('20020000d000');
    socket.terminate();
  });

  it('cuts a stranger who sends more than 64 KiB, and frames beyond the limit', async () => {
    const broker = await startBroker({ wsPort: 0 });
    for (const bytes of [packet(0x10, Buffer.alloc(70_000)), Buffer.alloc(4 * 2 ** 20)]) {
      const socket = await open(broker.wsPort!);
      socket.send(bytes);
      await once(socket, 'close');
    }
    while (broker.counts.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('cuts a stranger whose one frame does not end', async () => {
    const { wsPort } = await startBroker({ wsPort: 0 });
    const socket = await open(wsPort!);
    socket.send(Buffer.alloc(2 ** 20), { fin: false });
    await once(socket, 'close');
  });

  it('tells a browser what it is', async () => {
    const { wsPort } = await startBroker({ wsPort: 0 });
    const response = await fetch(`http://127.0.0.1:${wsPort}/`);
    expect([response.status, await response.text()]).toEqual([
      426,
      'This port speaks MQTT over WebSocket.\n',
    ]);
  });
});
