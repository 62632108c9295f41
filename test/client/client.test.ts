import { afterEach, describe, expect, it } from '@jest/globals';
import { IsobathClient } from '../../src/client/client.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MemoryHub } from '../../src/transport/memory-bus.ts';
import { FakeMaster } from '../support/fake-master.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function setUp({ master = true, ...options }: { master?: boolean; timeoutMs?: number } = {}) {
  const hub = new MemoryHub();
  const fake = new FakeMaster(hub.bus(), 'test');
  if (master) await fake.start();
  const client = new IsobathClient({
    ...{ bus: hub.bus(), cluster: 'test', url: 'mqtt://there', discoverMs: 50, chunkBytes: 8 },
    ...options,
  });
  await client.start();
  ends.push(() => client.stop());
  return { hub, fake, client };
}

describe('IsobathClient', () => {
  it('sends tensors in chunks and gets tensors back', async () => {
    const { client, fake } = await setUp();
    const input = Tensor.float32([1, 5], [1, 2, 3, 4, 5]);
    const { outputs, summary } = await client.infer('echo', { tensors: new Map([['x', input]]) });
    expect(outputs.get('x')).toMatchObject({ dtype: 'float32', shape: [1, 5] });
    expect([...outputs.get('x')!.data]).toEqual([1, 2, 3, 4, 5]);
    expect(summary).toMatchObject({ model: 'echo', agents: 2, degraded: false });
    expect(fake.chunks).toBe(3);
  });

  it('sends a file', async () => {
    const { client, fake } = await setUp();
    await client.infer('echo', { file: Uint8Array.from({ length: 20 }, (_, at) => at) }, { top: 3 });
    expect(fake.lastFile).toEqual(Uint8Array.from({ length: 20 }, (_, at) => at));
    expect(fake.lastOptions).toEqual({ top: 3 });
  });

  it('lists what the master serves now', async () => {
    const { client } = await setUp();
    expect((await client.models()).map(({ model }) => model)).toEqual(['echo', 'fail', 'hang']);
  });

  it('passes on the error that the master answers', async () => {
    const { client } = await setUp();
    const failing = client.infer('fail', { file: Uint8Array.of(1) });
    await expect(failing).rejects.toMatchObject({ code: 'ISO_ERR_INPUT_UNREADABLE', cure: 'another file' });
  });

  it('knows at once what the master does not serve', async () => {
    const { client } = await setUp();
    const asking = client.infer('nothing', { file: Uint8Array.of(1) });
    await expect(asking).rejects.toMatchObject({ code: 'ISO_ERR_MODEL_NOT_SERVED' });
    await expect(asking).rejects.toThrow('echo, fail, hang');
  });

  it('gives up on a cluster without a master', async () => {
    const { client } = await setUp({ master: false });
    const asking = client.infer('echo', { file: Uint8Array.of(1) });
    await expect(asking).rejects.toMatchObject({ code: 'ISO_ERR_MASTER_UNREACHABLE' });
    await expect(asking).rejects.toThrow('mqtt://there');
  });

  it('does not wait for a master that has gone, but for one that comes back', async () => {
    const { client, fake } = await setUp();
    await fake.leave();
    const asking = client.infer('echo', { file: Uint8Array.of(1) });
    await expect(asking).rejects.toMatchObject({ code: 'ISO_ERR_MASTER_UNREACHABLE' });
    await fake.announce('online');
    await expect(client.infer('echo', { file: Uint8Array.of(1) })).resolves.toBeDefined();
  });

  it('ends a request when the master goes away meanwhile', async () => {
    const { client, fake } = await setUp();
    const asking = client.infer('hang', { file: Uint8Array.of(1) });
    const stopped = expect(asking).rejects.toMatchObject({ code: 'ISO_ERR_MASTER_STOPPED' });
    await fake.leave();
    await stopped;
  });

  it('ignores the late will of an earlier master', async () => {
    const { client, fake } = await setUp();
    await fake.announce('offline', fake.epoch - 1);
    await expect(client.infer('echo', { file: Uint8Array.of(1) })).resolves.toBeDefined();
  });

  it('ends a request without an answer', async () => {
    const { client } = await setUp({ timeoutMs: 30 });
    const asking = client.infer('hang', { file: Uint8Array.of(1) });
    await expect(asking).rejects.toMatchObject({ code: 'ISO_ERR_REQUEST_TIMEOUT' });
  });

  it('refuses an answer that is none', async () => {
    const { client, fake } = await setUp();
    fake.garble = true;
    const asking = client.infer('echo', { file: Uint8Array.of(1) });
    await expect(asking).rejects.toMatchObject({ code: 'ISO_ERR_WIRE_MALFORMED' });
  });
});
