import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Relay } from '../../bench/fogbed/relay.ts';

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A server that sends back what it gets, a relay before it, and a connection through it. */
async function through(latencyMs: number): Promise<{ readonly relay: Relay; readonly client: Socket }> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => server.close());
  const { port } = server.address() as { readonly port: number };
  const relay = new Relay({ host: '127.0.0.1', port, latencyMs });
  const client = dial({ host: '127.0.0.1', port: await relay.start(), allowHalfOpen: true });
  client.on('error', () => undefined);
  undo.push(
    () => relay.stop(),
    () => client.destroy(),
  );
  await once(client, 'connect');
  return { relay, client };
}

async function echoed(client: Socket, sent: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  client.on('data', (part) => parts.push(part));
  client.end(sent);
  await once(client, 'end');
  return Buffer.concat(parts);
}

describe('a relay', () => {
  it.each([0, 5])('passes all bytes on in their order, with %d ms of latency', async (latencyMs) => {
    const { client } = await through(latencyMs);
    const sent = Buffer.from(Uint32Array.from({ length: 1 << 20 }, (_, at) => at).buffer);
    const got = await echoed(client, sent);
    expect(got.equals(sent)).toBe(true);
  });

  it('passes nothing before the latency of both ways is over', async () => {
    const { client } = await through(20);
    const began = performance.now();
    await echoed(client, Buffer.from('a'));
    // timers may be a moment early
    expect(performance.now() - began).toBeGreaterThanOrEqual(38);
  });

  it('passes nothing while it stalls, and loses nothing', async () => {
    const { relay, client } = await through(0);
    const began = performance.now();
    relay.stall(100);
    expect((await echoed(client, Buffer.from('abc'))).toString()).toBe('abc');
    expect(performance.now() - began).toBeGreaterThanOrEqual(98);
  });

  it('breaks connections, and takes new ones', async () => {
    const { relay, client } = await through(0);
    client.write('a');
    await once(client, 'data');
    const closed = once(client, 'close');
    relay.cut();
    client.resume();
    client.on('end', () => client.end());
    await closed;
    const again = await through(0);
    expect((await echoed(again.client, Buffer.from('b'))).toString()).toBe('b');
  });
});
