import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Broker } from '../../src/broker/broker.ts';
import { encodeJson } from '../../src/wire/codec.ts';
import { VERSION } from '../../src/wire/messages/common.ts';
import { Topics } from '../../src/wire/topics.ts';
import { atEnd, startBroker, startBus } from '../support/broker.ts';
import { FakeMaster } from '../support/fake-master.ts';
import type { AnyJson } from '../support/json.ts';
import {
  catchNode,
  cluster,
  next,
  outerCopy,
  type RunningNode,
  shows,
  TYPES,
  tlsNode,
  useHelper,
} from './support/helper.ts';

const helper = useHelper();
const topics = new Topics('test');

const infer = (more: object = {}) => ({
  id: 'n',
  type: 'isobath-infer',
  cluster: 'c',
  model: 'echo',
  result: 'auto',
  wires: [['out'], ['bad']],
  ...more,
});
const out = { id: 'out', type: 'helper' };
const bad = { id: 'bad', type: 'helper' };
const catcher = { id: 'k', type: 'catch', scope: null, wires: [['bad']] };

async function setUp() {
  const broker = await startBroker();
  const bus = await startBus({ port: broker.port });
  const master = new FakeMaster(bus, 'test');
  await master.start();
  return { broker, master, bus };
}

async function load(flow: readonly object[]): Promise<void> {
  await helper.load([...TYPES, catchNode], outerCopy(flow));
}

/** A message to a node, and what it does with it. */
async function send(message: Record<string, unknown>, at = 'out'): Promise<Record<string, AnyJson>> {
  const answer = next(helper.getNode(at));
  helper.getNode('n').receive(message);
  return answer;
}

describe('isobath-infer', () => {
  it('gives tensors back, and keeps the rest of the message', async () => {
    const { broker, master } = await setUp();
    master.inputs = [{ name: 'x', dtype: 'float32', shape: [1, 3] }];
    await master.announce('online');
    await load([cluster(broker.port), infer(), out]);
    await shows(helper.getNode('n'), /ready/);
    const { payload, isobath, topic } = await send({ payload: [1, 2, 3], topic: 'kept' });
    expect(payload.x).toEqual({ dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, 2, 3) });
    expect(isobath).toMatchObject({ model: 'echo', degraded: false, agents: 2 });
    expect(isobath.roundTripMs).toBeGreaterThan(0);
    expect(topic).toBe('kept');
    await shows(helper.getNode('n'), /ready · [\d.]+ ms/);
  });

  it.each<[string, unknown]>([
    ['a picture', Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1')],
    ['base64', Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1').toString('base64')],
    [
      'a data URL',
      `data:image/png;base64,${Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1').toString('base64')}`,
    ],
  ])('sends %s as the file that it is', async (_, payload) => {
    const { broker, master } = await setUp();
    await load([cluster(broker.port), infer(), out]);
    await shows(helper.getNode('n'), /ready/);
    await send({ payload });
    expect(Buffer.from(master.lastFile!).toString('latin1')).toBe('\x89PNG\r\n\x1a\nrest');
  });

  it.each<[string, unknown, string]>([
    ['a number', 7, 'ISO_ERR_INPUT_UNREADABLE'],
    ['nothing', undefined, 'ISO_ERR_INPUT_UNREADABLE'],
    ['a text that is none of them', 'hello, world!', 'ISO_ERR_INPUT_UNREADABLE'],
    ['ragged lists', [[1], [1, 2]], 'ISO_ERR_INPUT_UNREADABLE'],
    ['too many numbers', [1, 2, 3, 4], 'ISO_ERR_INPUT_MISMATCH'],
  ])('refuses %s with a code, to a Catch node', async (_, payload, code) => {
    const { broker, master } = await setUp();
    master.inputs = [{ name: 'x', dtype: 'float32', shape: [1, 3] }];
    await master.announce('online');
    await load([cluster(broker.port), infer(), out, catcher, bad]);
    await shows(helper.getNode('n'), /ready/);
    const { error, payload: kept } = await send({ payload }, 'bad');
    expect(error.message).toContain(code);
    expect(kept).toEqual(payload);
    await shows(helper.getNode('n'), new RegExp(code));
  });

  it('gives errors to its second output where it is told to', async () => {
    const { broker } = await setUp();
    await load([cluster(broker.port), infer({ model: 'fail', errors: 'output' }), out, bad]);
    await shows(helper.getNode('n'), /ready/);
    const { error } = await send({ payload: '{"shape": [1], "data": [1]}' }, 'bad');
    expect(error).toEqual({ code: 'ISO_ERR_INPUT_UNREADABLE', message: 'no', cure: 'another file' });
  });

  it('takes model, classes and time limit from the message', async () => {
    const { broker, master } = await setUp();
    await load([cluster(broker.port), infer({ model: '', errors: 'output' }), out, bad]);
    await shows(helper.getNode('n'), /ready/);
    expect((await send({ payload: '[1]' }, 'bad'))['error']).toMatchObject({
      code: 'ISO_ERR_REQUEST_INVALID',
    });
    await send({ payload: '[1]', model: 'echo', top: 3, result: 'labels' });
    expect(master.lastOptions).toEqual({ top: 3, outputs: 'labels' });
    const late = await send({ payload: '[1]', model: 'hang', timeout: 0.05 }, 'bad');
    expect(late['error']).toMatchObject({ code: 'ISO_ERR_REQUEST_TIMEOUT' });
    const none = await send({ payload: '[1]', model: 'nothing' }, 'bad');
    expect(none['error'].message).toContain('echo, fail, hang');
  });

  it.each(['queue', 'drop-oldest', 'drop-newest'])(
    'with one at a time and one that waits, does as %s says',
    async (policy) => {
      const { broker, master } = await setUp();
      const flow = infer({ concurrency: '1', limit: '1', policy, errors: 'output' });
      await load([cluster(broker.port), flow, out, bad]);
      await shows(helper.getNode('n'), /ready/);
      master.hold();
      const got: unknown[] = [];
      helper.getNode('out').on('input', ((message: { topic: string }) => got.push(message.topic)) as never);
      const refused = policy === 'queue' ? next(helper.getNode('bad')) : undefined;
      for (const topic of ['first', 'second', 'third'])
        helper.getNode('n').receive({ payload: '[1]', topic });
      await shows(helper.getNode('n'), /running 1 · queue 1/);
      if (refused) expect((await refused)['error']).toMatchObject({ code: 'ISO_ERR_QUEUE_FULL' });
      master.release();
      await shows(helper.getNode('n'), policy === 'queue' ? /ready · [\d.]+ ms/ : /ready .* 1 dropped/);
      await until(() => got.length === 2);
      expect(got).toEqual(policy === 'drop-oldest' ? ['first', 'third'] : ['first', 'second']);
    },
  );

  it('says that the broker is lost, fails at once, and comes back by itself', async () => {
    const { broker, bus } = await setUp();
    await load([cluster(broker.port), infer({ errors: 'output' }), out, bad]);
    await shows(helper.getNode('n'), /ready/);
    helper.getNode('n').receive({ payload: '[1]', model: 'hang' });
    await shows(helper.getNode('n'), /running/);
    const pending = next(helper.getNode('bad'));
    const { port } = broker;
    await bus.stop();
    await broker.stop();
    expect((await pending)['error']).toMatchObject({ code: 'ISO_ERR_BUS_OFFLINE' });
    await shows(helper.getNode('n'), /disconnected/);
    expect((await send({ payload: '[1]' }, 'bad'))['error']).toMatchObject({ code: 'ISO_ERR_BUS_OFFLINE' });
    const again = new Broker({ port });
    await again.start();
    atEnd(() => again.stop());
    const second = await startBus({ port });
    await new FakeMaster(second, 'test').start();
    await shows(helper.getNode('n'), /ready/);
    await send({ payload: '[1]' });
  });

  it('says what is missing: the broker, the master, the model', async () => {
    const broker = await startBroker();
    await load([{ ...cluster(1), id: 'c' }, infer(), out]);
    await shows(helper.getNode('n'), /connecting/);
    await helper.unload();
    await load([cluster(broker.port), infer({ model: 'nothing' }), out]);
    await shows(helper.getNode('n'), /looking for the master/);
    const master = new FakeMaster(await startBus({ port: broker.port }), 'test');
    await master.start();
    await shows(helper.getNode('n'), /model not served/);
    await master.leave();
    await shows(helper.getNode('n'), /no master/);
    await helper.unload();
    await load([infer({ cluster: '' }), out]);
    await shows(helper.getNode('n'), /no cluster/);
  });
});

describe('isobath-fleet', () => {
  it('tells of agents, plans and degraded answers, and answers with all that it knows', async () => {
    const { broker, bus } = await setUp();
    await load([
      cluster(broker.port),
      { id: 'n', type: 'isobath-fleet', cluster: 'c', wires: [['out']] },
      out,
    ]);
    const seen = collected(helper.getNode('out'));
    const retained = { qos: 1, retain: true } as const;
    const status = (state: string, epoch = 5) => encodeJson({ v: VERSION, state, epoch, version: '1' });
    const event = (facts: object) =>
      bus.publish(topics.events(), encodeJson({ v: VERSION, ...facts }), { qos: 1 });
    await shows(helper.getNode('n'), /0 agents/);
    await bus.publish(topics.agentStatus('pi'), status('online'), retained);
    await shows(helper.getNode('n'), /1 agent\b/);
    await event({ type: 'agent-left', agent: 'pi', reason: 'silent' });
    const error = { code: 'ISO_ERR_DEPLOY_FAILED', message: 'no', cure: 'yes' };
    await event({ type: 'plan-failed', model: 'm', error });
    await event({ type: 'degraded', model: 'm', request: 'r', totalMs: 3 });
    await bus.publish(topics.agentStatus('pi'), status('offline'), retained);
    await bus.publish(topics.agentStatus('pi'), status('online', 4), retained);
    await shows(helper.getNode('n'), /0 agents/);
    helper.getNode('n').receive({ payload: 'now' });
    await until(() => seen.some(({ payload }) => payload['event'] === 'fleet'));
    const told = seen.map(({ topic, payload }) => [topic, payload.event]);
    expect(told).toEqual([
      ['connection', 'master-online'],
      ['agents/pi', 'agent-online'],
      ['agents/pi', 'agent-silent'],
      ['models/m', 'plan-failed'],
      ['models/m', 'degraded'],
      ['agents/pi', 'agent-offline'],
      ['fleet', 'fleet'],
    ]);
    expect(seen.at(-1)!.payload).toMatchObject({
      master: 'online',
      agents: [{ agent: 'pi', state: 'offline' }],
    });
  });

  it('tells only what it is to tell', async () => {
    const { broker, bus } = await setUp();
    const quiet = { agents: false, connection: false, profiles: false, plans: false };
    await load([
      cluster(broker.port),
      { id: 'n', type: 'isobath-fleet', cluster: 'c', ...quiet, wires: [['out']] },
      out,
    ]);
    const seen = collected(helper.getNode('out'));
    await shows(helper.getNode('n'), /0 agents/);
    const status = encodeJson({ v: VERSION, state: 'online', epoch: 5, version: '1' });
    await bus.publish(topics.agentStatus('pi'), status, { qos: 1, retain: true });
    await shows(helper.getNode('n'), /1 agent\b/);
    const degraded = { v: VERSION, type: 'degraded', model: 'm', request: 'r', totalMs: 3 };
    await bus.publish(topics.events(), encodeJson(degraded), { qos: 1 });
    await until(() => seen.some(({ payload }) => payload['event'] === 'degraded'));
    expect(seen.map(({ payload }) => payload.event)).toEqual(['degraded']);
  });
});

describe('isobath-cluster', () => {
  it('connects by TLS, with credentials', async () => {
    const file = (name: string) => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));
    const pem = (name: string) => readFileSync(file(name), 'utf8');
    const tls = { cert: pem('cert'), key: pem('key') };
    const broker = await startBroker({ tls, users: { ada: 'secret' } });
    const url = `mqtts://localhost:${broker.port}`;
    const bus = await startBus({ url, ca: tls.cert, username: 'ada', password: 'secret' });
    await new FakeMaster(bus, 'test').start();
    const flow = (tlsId: string) => [
      { id: 't', type: 'tls-config', cert: '', key: '', ca: file('cert'), verifyservercert: true },
      { ...cluster(0), broker: url, tls: tlsId },
      infer(),
      out,
    ];
    const good = { c: { username: 'ada', password: 'secret' } };
    await helper.load([tlsNode, ...TYPES], outerCopy(flow('t')), outerCopy(good));
    await shows(helper.getNode('n'), /ready/);
    await send({ payload: '[1]' });
    await helper.unload();
    const warned = async (pattern: RegExp) => {
      await until(() => helper.log().args.some(([entry]) => pattern.test(String(entry?.msg))));
    };
    await helper.load(
      [tlsNode, ...TYPES],
      outerCopy(flow('t')),
      outerCopy({ c: { username: 'ada', password: 'no' } }),
    );
    await warned(/The broker mqtts:.* refuse/);
    await helper.unload();
    await helper.load([tlsNode, ...TYPES], outerCopy(flow('')), outerCopy(good));
    await warned(/certificate/);
  });

  it('tells the editor what it serves, deployed or only typed in', async () => {
    const { broker } = await setUp();
    await load([cluster(broker.port), infer(), out]);
    await shows(helper.getNode('n'), /ready/);
    const ask = async (path: string, body?: object) => {
      const request = helper.request();
      const { status, body: answer } = await (body ? request.post(path).send(body) : request.get(path));
      return { status, answer };
    };
    const names = ({ models }: AnyJson) => models.map(({ model, state }: AnyJson) => [model, state]);
    const served = ['echo', 'fail', 'hang'].map((model) => [model, 'serving']);
    const deployed = await ask('/isobath/clusters/c/models');
    expect([deployed.status, deployed.answer.state, names(deployed.answer)]).toEqual([200, 'online', served]);
    expect((await ask('/isobath/clusters/none/models')).status).toBe(404);
    const typed = await ask('/isobath/models', {
      id: 'new',
      broker: `mqtt://127.0.0.1:${broker.port}`,
      cluster: 'test',
    });
    expect([typed.status, names(typed.answer)]).toEqual([200, served]);
    const wrong = await ask('/isobath/models', { id: 'new', broker: 'mqtt://127.0.0.1:1', cluster: 'test' });
    expect([wrong.status, wrong.answer.error.code]).toEqual([502, 'ISO_ERR_BROKER_UNREACHABLE']);
  });
});

describe('isobath-plan', () => {
  it('ends with a code where the master does not answer, and where it has no such model', async () => {
    const { broker } = await setUp();
    const plan = {
      id: 'n',
      type: 'isobath-plan',
      cluster: 'c',
      model: 'echo',
      timeout: '0.05',
      wires: [['out']],
    };
    await load([cluster(broker.port), plan, out, catcher, bad]);
    await until(() => helper.getNode('n') !== null);
    await shows(helper.getNode('n'), /^$/);
    expect((await send({ payload: 1 }, 'bad'))['error'].message).toContain('ISO_ERR_REQUEST_TIMEOUT');
    expect((await send({ model: 'nothing' }, 'bad'))['error'].message).toContain('ISO_ERR_MODEL_NOT_SERVED');
  });

  it('gives the plan, whole or as a table, and again when it changes', async () => {
    const { broker, bus } = await setUp();
    const stage = {
      name: 'conv1',
      scheme: 'output-depth',
      agents: ['a', 'b'],
      predictedMs: 2,
      localMs: 3,
      speedup: 1.5,
      bytes: 7,
      reason: 'so',
    };
    const plan = { strategy: 'depth', predictedMs: 2, stages: [stage] };
    await bus.subscribe(topics.everyExplain(), (topic) => {
      const answer = { v: VERSION, type: 'plan', model: 'echo', deployment: 'd1', localMs: 3, plan };
      void bus.publish(topic.replace('/explain/', '/explained/'), encodeJson(answer), { qos: 1 });
    });
    const node = {
      id: 'n',
      type: 'isobath-plan',
      cluster: 'c',
      model: 'echo',
      onChange: true,
      wires: [['out']],
    };
    await load([cluster(broker.port), node, out]);
    // without a trouble there is no text until a plan was asked for
    await until(() => broker.counts.connections > 1);
    await shows(helper.getNode('n'), /^$/);
    const whole = await send({ payload: 'kept not', topic: 'old', other: 1 });
    expect(whole).toMatchObject({ topic: 'echo', other: 1, payload: { deployment: 'd1', localMs: 3, plan } });
    await shows(helper.getNode('n'), /depth · 1 stages · 2.0 ms predicted/);
    const seen = collected(helper.getNode('out'));
    const changed = {
      v: VERSION,
      type: 'plan-changed',
      model: 'echo',
      deployment: 'd2',
      strategy: 'depth',
      stages: 1,
      agents: [],
      predictedMs: 1,
    };
    await bus.publish(topics.events(), encodeJson(changed), { qos: 1 });
    await until(() => seen.length === 1);
    await helper.unload();
    await load([cluster(broker.port), { ...node, format: 'table' }, out]);
    await until(() => broker.counts.connections > 1);
    await shows(helper.getNode('n'), /^$/);
    expect((await send({ payload: '' }))['payload']).toEqual([{ stage: 0, ...stage, agents: 'a, b' }]);
  });
});

describe('redeploying', () => {
  it('leaves no connection and no listener after 50 times', async () => {
    const { broker, bus } = await setUp();
    const flow = [
      cluster(broker.port),
      infer({ wires: [[], []] }),
      { id: 'f', type: 'isobath-fleet', cluster: 'c', wires: [[]] },
      { id: 'p', type: 'isobath-plan', cluster: 'c', model: 'echo', onChange: true, wires: [[]] },
    ];
    const before = { connections: broker.counts.connections, ...counted() };
    for (let at = 0; at < 50; at += 1) {
      await load(flow);
      await shows(helper.getNode('n'), /ready/);
      // one is still under way when the nodes are closed
      helper.getNode('n').receive({ payload: '[1]', model: 'hang' });
      await shows(helper.getNode('n'), /running/);
      await helper.unload();
    }
    await until(() => broker.counts.connections <= before.connections);
    expect({ connections: broker.counts.connections, ...counted() }).toEqual(before);
    expect(bus.state).toBe('online');
  });
});

/** Handles that keep a process alive, and listeners on it. */
function counted() {
  const sockets = process.getActiveResourcesInfo().filter((name) => /TCPSocketWrap/.test(name)).length;
  return {
    sockets,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

async function until(good: () => boolean): Promise<void> {
  while (!good()) await new Promise((resolve) => setImmediate(resolve));
}

function collected(node: RunningNode): { topic: string; payload: Record<string, AnyJson> }[] {
  const seen: { topic: string; payload: Record<string, AnyJson> }[] = [];
  node.on('input', ((message: { topic: string; payload: Record<string, AnyJson> }) =>
    seen.push(message)) as never);
  return seen;
}
