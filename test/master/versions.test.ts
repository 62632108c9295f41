import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { IsobathError } from '../../src/base/errors.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { inferTypes } from '../../src/graph/infer.ts';
import type { OfferedVersion } from '../../src/master/catalogue.ts';
import type { ServedModel } from '../../src/master/served-model.ts';
import { differenceOf } from '../../src/tensor/difference.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { MemoryBus } from '../../src/transport/memory-bus.ts';
import { decodeJson, decodeMessage, encodeMessage } from '../../src/wire/codec.ts';
import { CONTROL } from '../../src/wire/messages/control.ts';
import { MASTER_STATUS, MODEL_INFO, type ModelInfo } from '../../src/wire/messages/status.ts';
import { Topics } from '../../src/wire/topics.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { coded } from '../support/code.ts';
import { runWhole } from '../support/execute.ts';
import { ghost } from '../support/ghost.ts';
import { ListedCatalogue } from '../support/listed-catalogue.ts';
import { seededGraph } from '../support/repository.ts';
import { smallInputs, smallModel } from '../support/small-model.ts';
import { Watch } from '../support/watch.ts';

const topics = new Topics(CLUSTER);
const engine = new OnnxruntimeEngine({ threads: 1 });
const wholes = new Map<number, ReadonlyMap<string, Tensor>>();
beforeAll(async () => {
  await engine.start();
  for (const seed of [1, 2, 3]) wholes.set(seed, await runWhole(engine, seededGraph(seed), smallInputs));
});
afterAll(() => engine.stop());

/** A version whose number is the seed of its filters. */
function version(seed: number, fields: Partial<ServedModel> = {}, fingerprint = 'a'): OfferedVersion {
  const name = String(seed);
  const load = async () => ({
    name: 'small',
    version: name,
    graph: seededGraph(seed),
    strategy: 'depth',
    ...fields,
  });
  return { version: name, fingerprint, load };
}

const golden = (seed: number) => [{ inputs: smallInputs, outputs: wholes.get(seed)!, tolerance: 1e-3 }];

/** Which version gave these outputs. */
function seedOf(outputs: ReadonlyMap<string, Tensor>): number | undefined {
  return [...wholes.keys()].find(
    (seed) => differenceOf(outputs, wholes.get(seed)!).maxRelativeDifference < 1e-4,
  );
}

describe('versions of a model', () => {
  let cluster: TestCluster;
  let bus: MemoryBus;
  let infos: Watch<ModelInfo>;
  afterEach(async () => {
    await bus?.stop();
    await cluster.stop();
  });

  async function serving(catalogue: ListedCatalogue, agents = 0, options: object = {}): Promise<void> {
    cluster = await new TestCluster().start([], agents, { catalogues: [catalogue], ...options });
    bus = new MemoryBus(cluster.hub);
    await bus.start();
    infos = await new Watch((topic, payload) => decodeJson(MODEL_INFO, topic, payload)).on(
      bus,
      topics.modelInfo('small'),
    );
  }

  const infer = async () => cluster.master.infer('small', 'r', smallInputs);
  const serves = (wanted: string) =>
    infos.first(({ state, version: now }) => state === 'serving' && now === wanted);
  const refused = (wanted: string) =>
    infos.first(
      ({ refused: list = [], next }) => next === undefined && list.some((each) => each.version === wanted),
    );

  it('take over while requests go on, and none of these fails', async () => {
    const catalogue = new ListedCatalogue('small', version(1));
    await serving(catalogue, 2);
    const seen: (number | undefined)[] = [];
    let ended = false;
    const stream = async () => {
      while (!ended) {
        const { outputs, degraded } = await infer();
        expect(degraded).toBe(false);
        seen.push(seedOf(outputs));
      }
    };
    const streams = [stream(), stream(), stream()];
    catalogue.offer('small', version(2, { golden: golden(2) }), version(1));
    await serves('2');
    catalogue.offer('small', version(3), version(2), version(1));
    await serves('3');
    await infer();
    ended = true;
    await Promise.all(streams);
    expect(seen.filter((seed) => seed === undefined)).toEqual([]);
    expect([seen[0], seedOf((await infer()).outputs)]).toEqual([1, 3]);
    expect(cluster.master.deployment('small')!.agents.length).toBe(2);
  });

  it('that do not give their golden outputs never serve, and are not tried again until they change', async () => {
    let loads = 0;
    const bad = (fingerprint: string): OfferedVersion => {
      const offer = version(2, { golden: golden(3) }, fingerprint);
      const load = () => {
        loads += 1;
        return offer.load();
      };
      return { ...offer, load };
    };
    const catalogue = new ListedCatalogue('small', version(1));
    await serving(catalogue, 2);
    catalogue.offer('small', bad('a'), version(1));
    const { error, refused: list } = await refused('2');
    expect(list).toEqual([
      { version: '2', error: expect.objectContaining({ code: 'ISO_ERR_GOLDEN_MISMATCH' }) },
    ]);
    expect(error?.message).toContain('small, version 2,');
    expect([seedOf((await infer()).outputs), loads]).toEqual([1, 1]);
    catalogue.offer('small', bad('a'), version(1));
    await infer();
    expect(loads).toBe(1);
    catalogue.offer('small', version(2, { golden: golden(2) }, 'b'), version(1));
    await serves('2');
    expect(seedOf((await infer()).outputs)).toBe(2);
  });

  it('that cannot be loaded or planned leave the older one in service', async () => {
    const catalogue = new ListedCatalogue('small', version(1));
    await serving(catalogue);
    const broken = {
      ...version(3),
      load: () => Promise.reject(IsobathError.of('ISO_ERR_MODEL_NOT_FOUND', { model: 'x' })),
    };
    catalogue.offer('small', broken, version(2, { scheme: 'diagonal' }), version(1));
    const codes = (await refused('2')).refused!.map(({ error }) => error.code);
    expect(codes).toEqual(['ISO_ERR_MODEL_NOT_FOUND', 'ISO_ERR_SCHEME_UNKNOWN']);
    expect(seedOf((await infer()).outputs)).toBe(1);
  });

  it('go down to the newest that proves itself when the master starts', async () => {
    await serving(new ListedCatalogue('small', version(3, { golden: golden(1) }), version(2), version(1)));
    expect(seedOf((await infer()).outputs)).toBe(2);
    const { version: now, refused: list } = await serves('2');
    expect([now, list!.map((each) => each.version)]).toEqual(['2', ['3']]);
  });

  it('come back when the newer one is removed', async () => {
    const catalogue = new ListedCatalogue('small', version(2), version(1));
    await serving(catalogue);
    catalogue.offer('small', version(1));
    await serves('1');
    expect(seedOf((await infer()).outputs)).toBe(1);
  });

  it('all removed: who asked before is answered, nobody can ask any more', async () => {
    const catalogue = new ListedCatalogue('small', version(1));
    await serving(catalogue, 1);
    const status = await new Watch((topic, payload) => decodeJson(MASTER_STATUS, topic, payload).models).on(
      bus,
      topics.masterStatus(),
    );
    const cleared = new Promise<void>((resolve) => {
      void bus.subscribe(topics.modelInfo('small'), (_, payload) => payload.length === 0 && resolve());
    });
    const running = infer();
    catalogue.offer('small');
    await expect(infer()).rejects.toEqual(coded('ISO_ERR_MODEL_NOT_SERVED'));
    expect(seedOf((await running).outputs)).toBe(1);
    await status.first((models) => models.length === 0);
    await cleared;
    expect(cluster.master.models).toEqual([]);
  });

  it('of which none works: a request is told why', async () => {
    const catalogue = new ListedCatalogue('small', version(1));
    await serving(catalogue);
    catalogue.offer('other', version(1, { name: 'other', golden: golden(2) }));
    const watch = await new Watch((topic, payload) => decodeJson(MODEL_INFO, topic, payload)).on(
      bus,
      topics.modelInfo('other'),
    );
    await watch.first(({ state }) => state === 'failed');
    await expect(cluster.master.infer('other', 'r', smallInputs)).rejects.toEqual(
      coded('ISO_ERR_MODEL_NOT_READY', 'ISO_ERR_GOLDEN_MISMATCH'),
    );
  });

  it('that cannot be planned and have no other tell their last error, and are tried again', async () => {
    const catalogue = new ListedCatalogue('small', version(1));
    await serving(catalogue);
    const other = new Promise((resolve) => cluster.master.on('failed', resolve));
    catalogue.offer('odd', version(1, { name: 'odd', scheme: 'diagonal' }));
    await other;
    await expect(cluster.master.infer('odd', 'r', smallInputs)).rejects.toEqual(
      coded('ISO_ERR_MODEL_NOT_READY', 'ISO_ERR_SCHEME_UNKNOWN'),
    );
    catalogue.offer('odd', version(2, { name: 'odd' }), version(1, { name: 'odd', scheme: 'diagonal' }));
    await new Promise<void>((resolve) => {
      cluster.master.on('deployed', ({ model }) => model === 'odd' && resolve());
    });
    expect(seedOf((await cluster.master.infer('odd', 'r', smallInputs)).outputs)).toBe(2);
  });
});

/** Gives rows of a table; an index past its end makes the engine fail, as a model can that works on other input. */
function lookup(name: string, rows: number): OfferedVersion {
  const table = Tensor.float32(
    [rows, 3],
    Float32Array.from({ length: rows * 3 }, (_, at) => at),
  );
  const gather = {
    name: 'gather',
    op: 'Gather',
    domain: '',
    attributes: {},
    inputs: ['table', 'index'],
    outputs: ['rows'],
  };
  const graph = inferTypes({
    ...{ name: 'lookup', opsets: { '': 13 }, inputs: ['index'], outputs: ['rows'], nodes: [gather] },
    initializers: new Map([['table', table]]),
    types: new Map([
      ['index', { dtype: 'int64', shape: [2] }],
      ['table', { dtype: 'float32', shape: [rows, 3] }],
    ]),
  });
  return {
    version: name,
    fingerprint: 'a',
    load: async () => ({ name: 'lookup', version: name, graph, strategy: 'local' }),
  };
}

describe('a version that fails in service', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());
  const ask = (...index: number[]) =>
    cluster.master.infer(
      'lookup',
      'r',
      new Map([['index', Tensor.of('int64', [index.length], BigInt64Array.from(index.map(BigInt)))]]),
    );
  const deployed = () => new Promise<void>((resolve) => cluster.master.on('deployed', () => resolve()));

  it('three times in a row is left for the one before it', async () => {
    const catalogue = new ListedCatalogue('lookup', lookup('1', 8));
    cluster = await new TestCluster().start([], 0, { catalogues: [catalogue] });
    const second = deployed();
    catalogue.offer('lookup', lookup('2', 4), lookup('1', 8));
    await second;
    const failing = () => expect(ask(7, 0)).rejects.toEqual(coded('ISO_ERR_ENGINE_RUN'));
    await failing();
    await failing();
    // a request that is wrong itself counts neither way, one that succeeds begins anew
    await expect(ask(7)).rejects.toEqual(coded('ISO_ERR_INPUT_MISMATCH'));
    await ask(1, 2);
    await failing();
    await failing();
    const bus = new MemoryBus(cluster.hub);
    await bus.start();
    const infos = await new Watch((topic, payload) => decodeJson(MODEL_INFO, topic, payload)).on(
      bus,
      topics.modelInfo('lookup'),
    );
    const returned = deployed();
    await failing();
    await returned;
    expect([...(await ask(7, 0)).outputs.get('rows')!.data]).toEqual([21, 22, 23, 0, 1, 2]);
    const { version: now, refused } = await infos.first(({ version: each }) => each === '1');
    expect([now, refused]).toEqual([
      '1',
      [{ version: '2', error: expect.objectContaining({ code: 'ISO_ERR_VERSION_FAILED' }) }],
    ]);
    await bus.stop();
  });

  it('after its watch stays: it is not the new version any more', async () => {
    const catalogue = new ListedCatalogue('lookup', lookup('1', 8));
    cluster = await new TestCluster().start([], 0, { catalogues: [catalogue], watchMs: 0 });
    const second = deployed();
    catalogue.offer('lookup', lookup('2', 4), lookup('1', 8));
    await second;
    await new Promise((resolve) => setImmediate(resolve));
    await ask(1, 2);
    for (let failure = 0; failure < 4; failure += 1)
      await expect(ask(7, 0)).rejects.toEqual(coded('ISO_ERR_ENGINE_RUN'));
    await ask(1, 2);
    await expect(ask(7, 0)).rejects.toEqual(coded('ISO_ERR_ENGINE_RUN'));
  });
});

describe('an agent that cannot deploy', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  it('is left out of plans, which go on without it, and is told', async () => {
    cluster = await new TestCluster().start([smallModel], 1);
    const bus = new MemoryBus(cluster.hub);
    await bus.start();
    let orders = 0;
    const error = { code: 'ISO_ERR_CACHE_UNUSABLE', message: 'The disk is full.', cure: 'Make room.' };
    await bus.subscribe(topics.control('full'), (topic, payload) => {
      const order = decodeMessage(CONTROL, topic, payload);
      if (order.type !== 'deploy') return;
      orders += 1;
      const { replyId, deployment } = order;
      void bus.publish(
        topics.reply('full'),
        encodeMessage({ v: 1, type: 'failed', replyId, deployment, error }),
        { qos: 1 },
      );
    });
    const infos = await new Watch((topic, payload) => decodeJson(MODEL_INFO, topic, payload)).on(
      bus,
      topics.modelInfo('small'),
    );
    const failed = new Promise((resolve) => cluster.master.on('failed', resolve));
    await ghost(bus, topics, 'full');
    expect(await failed).toMatchObject({ model: 'small', agents: ['full'] });
    const grown = cluster.whenDeployed(2);
    await cluster.addAgent('agent-1');
    expect((await grown).agents).toEqual(['agent-0', 'agent-1']);
    expect(orders).toBe(1);
    const { leftOut, state } = await infos.first(
      ({ leftOut: out = [], agents }) => out.length > 0 && agents === 2,
    );
    expect(state).toBe('serving');
    expect(leftOut).toEqual([
      {
        agent: 'full',
        error: expect.objectContaining({
          code: 'ISO_ERR_DEPLOY_FAILED',
          message: expect.stringContaining('The disk is full.'),
        }),
      },
    ]);
    await bus.stop();
  });
});
