import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import { BlobServer } from '../../src/master/blob-server.ts';
import { ProgramPacker } from '../../src/master/packed-program.ts';
import { type MemoryBus, MemoryHub } from '../../src/transport/memory-bus.ts';
import {
  decodeFrame,
  decodeJson,
  decodeMessage,
  encodeFrame,
  encodeJson,
  encodeMessage,
} from '../../src/wire/codec.ts';
import type { Control, ShardProgram } from '../../src/wire/messages/control.ts';
import { REPLY, type Reply } from '../../src/wire/messages/reply.ts';
import { SHARD_CHUNK, type ShardChunk } from '../../src/wire/messages/shard-chunk.ts';
import { AGENT_STATUS, type AgentStatus } from '../../src/wire/messages/status.ts';
import { Topics } from '../../src/wire/topics.ts';
import { coded } from '../support/code.ts';
import { floats, graphOf, nodeOf } from '../support/graphs.ts';
import { chunkOf, echo, specOf } from '../support/shards.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { Watch } from '../support/watch.ts';

const topics = new Topics('test');
const OFM = topics.ofm('d', 0, 0);

/** A program with filters of 4 KiB beside it. */
const packed = new ProgramPacker().pack(
  inferTypes(
    graphOf({ s: [4] }, [nodeOf('Add', ['s', 'w'], ['y'])], {
      constants: { w: floats(4), big: floats(1024) },
    }),
  ),
);
const spec: ShardProgram = {
  ...specOf(0, 0),
  program: { sha256: packed.program.sha256, bytes: packed.program.bytes },
  blobs: packed.filters.map(({ sha256, bytes }) => ({ sha256, bytes })),
};

/** Compiles anything into `echo`, and counts. */
class FakeEngine implements Engine {
  readonly name = 'fake';
  readonly version = '1';
  readonly threads = 1;
  started = 0;
  open = 0;
  run = echo.run;

  async start() {
    this.started += 1;
  }

  async stop() {
    this.started -= 1;
  }

  async compile() {
    this.open += 1;
    const dispose = async () => {
      this.open -= 1;
    };
    return { run: (...given: Parameters<typeof echo.run>) => this.run(...given), dispose };
  }
}

describe('an agent', () => {
  let hub: MemoryHub;
  let master: MemoryBus;
  let blobs: BlobServer;
  let engine: FakeEngine;
  let directory: string;
  let bus: MemoryBus;
  let status: Watch<AgentStatus>;
  let replies: Watch<Reply>;
  let agents: Agent[];
  beforeEach(async () => {
    hub = new MemoryHub();
    master = hub.bus();
    await master.start();
    blobs = new BlobServer({ bus: master, topics, logger: silentLogger });
    await blobs.start();
    blobs.offer([packed.program, ...packed.filters]);
    engine = new FakeEngine();
    directory = await temporaryFolder();
    status = await new Watch((topic, payload) => decodeJson(AGENT_STATUS, topic, payload)).on(
      master,
      topics.agentStatus('a'),
    );
    replies = await new Watch((topic, payload) => decodeMessage(REPLY, topic, payload)).on(
      master,
      topics.reply('a'),
    );
    agents = [];
  });
  afterEach(async () => {
    for (const agent of agents) await agent.stop();
    await blobs.stop();
    await master.stop();
  });

  function agentOf(options: Partial<AgentOptions> = {}): Agent {
    const connect: AgentOptions['connect'] = (will) => {
      bus = hub.bus({ will });
      return bus;
    };
    const agent = new Agent({
      name: 'a',
      cluster: 'test',
      connect,
      engine,
      logger: silentLogger,
      directory,
      ...options,
    });
    agents.push(agent);
    return agent;
  }

  const send = (message: Control) => master.publish(topics.control('a'), encodeMessage(message), { qos: 1 });
  async function deploy(programs: readonly ShardProgram[] = [spec], deployment = 'd'): Promise<Reply> {
    const answer = replies.next(({ type }) => type === 'deployed' || type === 'failed');
    await send({ v: 1, type: 'deploy', replyId: 'x', deployment, programs });
    return answer;
  }
  function sendRegion(fields: Partial<ShardChunk> = {}): Promise<void> {
    const [{ crc32: _, ...header }, bytes] = chunkOf(fields);
    const frame = encodeFrame<ShardChunk>(header, bytes.length, (target) => target.set(bytes));
    return master.publish(topics.sharedIfm('d', 0), frame);
  }
  const results = () =>
    new Watch((topic, payload) => decodeFrame(SHARD_CHUNK, topic, payload).header).on(master, OFM);

  it('is online when it has started, offline when it has stopped, and can start again as a later run', async () => {
    const agent = agentOf();
    await agent.start();
    await status.first(({ state }) => state === 'online');
    const offline = status.next(({ state }) => state === 'offline');
    await Promise.all([agent.stop(), agent.stop()]);
    const first = await offline;
    expect(engine.started).toBe(0);
    const online = status.next(({ state }) => state === 'online');
    await agent.start();
    expect((await online).epoch).toBeGreaterThan(first.epoch);
  });

  it('answers a ping, makes programs resident, and runs their shards', async () => {
    await agentOf().start();
    const pong = replies.next();
    await send({ v: 1, type: 'ping', replyId: 'p' });
    expect(await pong).toMatchObject({ type: 'pong', replyId: 'p' });
    expect(await deploy()).toMatchObject({ type: 'deployed', deployment: 'd', cachedBytes: 0 });
    const watch = await results();
    const answer = watch.next();
    await sendRegion();
    expect(await answer).toMatchObject({ request: 'r1', stage: 0, shard: 0, attempt: 0 });
  });

  it('takes what it holds from the cache after a restart', async () => {
    await agentOf().start();
    const first = await deploy();
    await agents[0]!.stop();
    await agentOf().start();
    const second = await deploy();
    const received = (first as { receivedBytes: number }).receivedBytes;
    expect(received).toBeGreaterThan(0);
    expect(second).toMatchObject({ receivedBytes: 0, cachedBytes: received });
  });

  it('compiles a program of two deployments once, and disposes of it with the last', async () => {
    await agentOf().start();
    await deploy();
    await deploy([spec], 'e');
    await deploy([spec], 'e');
    expect(engine.open).toBe(1);
    await send({ v: 1, type: 'undeploy', deployment: 'e' });
    await send({ v: 1, type: 'undeploy', deployment: 'unknown' });
    await deploy();
    expect(engine.open).toBe(1);
    await send({ v: 1, type: 'undeploy', deployment: 'd' });
    expect(await deploy([])).toMatchObject({ type: 'deployed' });
    expect(engine.open).toBe(0);
  });

  it.each([
    ['names a shard twice', [spec, spec], 'ISO_ERR_WIRE_MALFORMED'],
    [
      'names a program that the master lacks',
      [{ ...spec, program: { sha256: 'a'.repeat(64), bytes: 9 } }],
      'ISO_ERR_BLOB_UNAVAILABLE',
    ],
    ['names another size', [{ ...spec, program: { ...spec.program, bytes: 0 } }], 'ISO_ERR_BLOB_CORRUPT'],
  ])('reports a deployment that %s, and holds nothing of it', async (_, programs, code) => {
    await agentOf().start();
    expect(await deploy(programs)).toMatchObject({ type: 'failed', error: { code } });
    expect(engine.open).toBe(0);
    expect(await deploy()).toMatchObject({ type: 'deployed' });
  });

  it('fetches a filter file again that is gone, though a program that used it is resident', async () => {
    await agentOf().start();
    await deploy();
    await rm(`${directory}/blobs/${spec.program.sha256}`);
    expect(await deploy([spec], 'e')).toMatchObject({ receivedBytes: spec.program.bytes });
  });

  it('puts a late will of an earlier run right', async () => {
    await agentOf().start();
    const { epoch } = await status.first(({ state }) => state === 'online');
    const again = status.next(({ state }) => state === 'online');
    const will: AgentStatus = { v: 1, state: 'offline', epoch: epoch - 1, version: '0' };
    await master.publish(topics.agentStatus('a'), encodeJson(will), { qos: 1, retain: true });
    expect((await again).epoch).toBe(epoch);
  });

  it('is online again, as the same run, when its connection is back', async () => {
    await agentOf().start();
    const { epoch } = await status.first(({ state }) => state === 'online');
    const offline = status.next(({ state }) => state === 'offline');
    bus.lose();
    await offline;
    const online = status.next(({ state }) => state === 'online');
    bus.regain();
    expect((await online).epoch).toBe(epoch);
  });

  it('refuses to start where an agent with its name lives, which goes on', async () => {
    await agentOf({ onFatal: () => expect('the first').toBe('the one that stays') }).start();
    const second = agentOf({ engine: new FakeEngine() });
    await expect(second.start()).rejects.toEqual(
      coded('ISO_ERR_AGENT_DUPLICATE', `from the machine ${hostname()}`),
    );
    const { run } = await status.first(({ state }) => state === 'online');
    expect(status.seen.every((seen) => seen.run === run && seen.state === 'online')).toBe(true);
  });

  it('starts over the retained status of an earlier life, though its clock and state folder were lost', async () => {
    const ghost: AgentStatus = {
      v: 1,
      state: 'online',
      epoch: 1_790_000_000_000,
      run: 'ghost',
      version: '0',
    };
    await master.publish(topics.agentStatus('a'), encodeJson(ghost), { qos: 1, retain: true });
    await agentOf().start();
    const own = await status.first(({ state, run }) => state === 'online' && run !== 'ghost');
    // readers that know epochs alone believe it, too
    expect(own.epoch).toBeGreaterThan(ghost.epoch);
  });

  it('ends what runs before it stops', async () => {
    await agentOf().start();
    await deploy();
    let release = () => {};
    let running = () => {};
    const started = new Promise<void>((resolve) => {
      running = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    engine.run = async (inputs) => {
      running();
      await gate;
      return echo.run(inputs);
    };
    const watch = await results();
    const answer = watch.next();
    await sendRegion();
    await started;
    const stopped = agents[0]!.stop();
    release();
    await stopped;
    expect(await answer).toMatchObject({ request: 'r1' });
  });

  it('stops at once while a program does not arrive', async () => {
    await agentOf().start();
    hub.copies = (topic) => (topic.includes('/part/') ? 0 : 1);
    const asked = new Watch((topic) => topic);
    await asked.on(master, topics.everyBlobGet());
    const question = asked.next();
    await send({ v: 1, type: 'deploy', replyId: 'x', deployment: 'd', programs: [spec] });
    await question;
    await agents[0]!.stop();
    expect(engine.started).toBe(0);
  });

  it('stops while the broker is away, though it has something to tell', async () => {
    await agentOf().start();
    await deploy();
    engine.run = () => Promise.reject(new Error('no'));
    // as MQTT does it: QoS 1 waits for a broker, until the connection is given up
    const publish = bus.publish.bind(bus);
    const waiting: ((error: Error) => void)[] = [];
    let failing = () => {};
    const told = new Promise<void>((resolve) => {
      failing = resolve;
    });
    bus.publish = (topic, payload, options) => {
      if (options?.qos !== 1) return publish(topic, payload, options);
      failing();
      return new Promise((_, reject) => waiting.push(reject));
    };
    const stop = bus.stop.bind(bus);
    bus.stop = async () => {
      for (const reject of waiting) reject(new Error('closed'));
      await stop();
    };
    await sendRegion();
    await told;
    bus.lose();
    await agents[0]!.stop();
    expect(engine.started).toBe(0);
  });

  it('leaves nothing behind when it cannot start', async () => {
    const refusing = hub.bus();
    refusing.subscribe = () => Promise.reject(new Error('refused'));
    const agent = agentOf({ connect: () => refusing });
    await expect(agent.start()).rejects.toThrow('refused');
    expect([engine.started, refusing.state]).toEqual([0, 'offline']);
  });
});
