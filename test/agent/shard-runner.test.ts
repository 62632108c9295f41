import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ShardJob } from '../../src/agent/shard-inbox.ts';
import { ShardRunner, type ShardRunnerOptions } from '../../src/agent/shard-runner.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { CompiledProgram } from '../../src/engine/engine.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { type MemoryBus, MemoryHub } from '../../src/transport/memory-bus.ts';
import { decodeFrame, decodeMessage } from '../../src/wire/codec.ts';
import type { ShardProgram } from '../../src/wire/messages/control.ts';
import { REPLY, type Reply } from '../../src/wire/messages/reply.ts';
import { SHARD_CHUNK, type ShardChunk } from '../../src/wire/messages/shard-chunk.ts';
import { Topics } from '../../src/wire/topics.ts';
import { echo, specOf } from '../support/shards.ts';

const topics = new Topics('test');

describe('the runner of shards', () => {
  let bus: MemoryBus;
  let chunks: ShardChunk[];
  let replies: Reply[];
  beforeEach(async () => {
    bus = new MemoryHub().bus();
    await bus.start();
    chunks = [];
    replies = [];
    await bus.subscribe(topics.everyOfm('d'), (topic, payload) => {
      chunks.push(decodeFrame(SHARD_CHUNK, topic, payload).header);
    });
    await bus.subscribe(topics.everyReply(), (topic, payload) => {
      replies.push(decodeMessage(REPLY, topic, payload));
    });
  });
  afterEach(() => bus.stop());

  const runnerWith = (options: Partial<ShardRunnerOptions> = {}) =>
    new ShardRunner({ bus, topics, agent: 'a', logger: silentLogger, ...options });

  function jobOf(
    request: string,
    program: CompiledProgram = echo,
    outputs: ShardProgram['outputs'] = specOf(2, 5).outputs,
  ): ShardJob {
    const shard = { spec: { ...specOf(2, 5), outputs }, program, legs: [] };
    const inputs = [Tensor.float32([4], [1, 2, 3, 4])];
    return { deployment: 'd', request, attempt: 1, shard, inputs, exclusive: true, receiveMs: 7 };
  }

  it('puts the scales of an int8 region into each of its chunks', async () => {
    const runner = runnerWith({ chunkBytes: 2 });
    const [elements, scales] = [Tensor.of('int8', [4], Int8Array.of(1, 2, 3, 4)), Tensor.float32([], [0.25])];
    const program = {
      ...echo,
      run: async () => ({ outputs: [elements, scales, Tensor.zeros('float32', [1])], computeMs: 3 }),
    };
    const outputs = [
      { tensor: 'y', dtype: 'int8', shape: [4], scales: 1 },
      { tensor: 'z', dtype: 'float32', shape: [1] },
    ] as const;
    runner.accept(jobOf('r1', program, outputs));
    await runner.drain();
    const quarter = new Uint8Array(Float32Array.of(0.25).buffer);
    expect(
      chunks.map(({ tensor, dtype, scales: own }) => [tensor, dtype, own && new Uint8Array(own)]),
    ).toEqual([
      [0, 'int8', quarter],
      [0, 'int8', quarter],
      [1, 'float32', undefined],
    ]);
  });

  it('publishes the regions in chunks, with its times on the last', async () => {
    const runner = runnerWith({ chunkBytes: 8 });
    const zero = Tensor.zeros('float32', [0]);
    const program = {
      ...echo,
      run: async () => ({ outputs: [zero, Tensor.zeros('float32', [4])], computeMs: 3 }),
    };
    const outputs = [0, 4].map((size) => ({ tensor: `y${size}`, dtype: 'float32', shape: [size] }) as const);
    runner.accept(jobOf('r1', program, outputs));
    await runner.drain();
    expect(
      chunks.map(({ tensor, seq, total, offset, times }) => [tensor, seq, total, offset, times?.computeMs]),
    ).toEqual([
      [0, 0, 1, 0, undefined],
      [1, 0, 2, 0, undefined],
      [1, 1, 2, 8, 3],
    ]);
    expect(chunks[2]).toMatchObject({
      request: 'r1',
      stage: 2,
      shard: 5,
      attempt: 1,
      times: { receiveMs: 7 },
    });
  });

  it('says so when a shard fails', async () => {
    const runner = runnerWith();
    runner.accept(jobOf('r1', { ...echo, run: () => Promise.reject(new Error('no memory')) }));
    await runner.drain();
    const shard = { deployment: 'd', request: 'r1', stage: 2, shard: 5, attempt: 1 };
    expect(replies).toMatchObject([{ type: 'shard-failed', ...shard, error: { code: 'ISO_ERR_INTERNAL' } }]);
  });

  it('refuses more than its limit, and takes more when some have ended', async () => {
    const runner = runnerWith({ maxQueue: 2 });
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = {
      ...echo,
      run: async (...given: Parameters<typeof echo.run>) => gate.then(() => echo.run(...given)),
    };
    for (let at = 0; at < 70; at += 1) runner.accept(jobOf(`r${at}`, slow));
    release();
    await runner.drain();
    runner.accept(jobOf('last'));
    await runner.drain();
    expect(chunks.map(({ request }) => request)).toEqual(['r0', 'r1', 'last']);
    expect(replies).toHaveLength(68);
    expect(replies[0]).toMatchObject({ request: 'r2', error: { code: 'ISO_ERR_AGENT_BUSY' } });
  });

  it('takes work again while its refusals are still on their way', async () => {
    const runner = runnerWith({ maxQueue: 1 });
    bus.publish = () => new Promise(() => {});
    let ended = () => {};
    const first = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const failing = { ...echo, run: () => Promise.reject(new Error('no')).finally(ended) };
    runner.accept(jobOf('r0', failing));
    runner.accept(jobOf('r1'));
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    let ran = false;
    runner.accept(
      jobOf('r2', {
        ...echo,
        run: async (inputs) => {
          ran = true;
          return echo.run(inputs);
        },
      }),
    );
    expect(ran).toBe(true);
  });
});
