import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { OfferedVersion } from '../../src/master/catalogue.ts';
import type { ServedModel } from '../../src/master/served-model.ts';
import { decodeJson, decodeMessage } from '../../src/wire/codec.ts';
import { CONTROL } from '../../src/wire/messages/control.ts';
import { MODEL_INFO, type ModelInfo } from '../../src/wire/messages/status.ts';
import { parseTopic } from '../../src/wire/parse-topic.ts';
import { Topics } from '../../src/wire/topics.ts';
import { CLUSTER, TestCluster } from '../support/cluster.ts';
import { ghost } from '../support/ghost.ts';
import { ListedCatalogue } from '../support/listed-catalogue.ts';
import { seededGraph } from '../support/repository.ts';
import { smallInputs } from '../support/small-model.ts';
import { Watch } from '../support/watch.ts';

/** What the master says of a model, from now on. */
async function statesOf(cluster: TestCluster, model: string): Promise<Watch<ModelInfo>> {
  const bus = cluster.hub.bus();
  await bus.start();
  return new Watch((topic, payload) => decodeJson(MODEL_INFO, topic, payload)).on(
    bus,
    new Topics(CLUSTER).modelInfo(model),
  );
}

function version(
  number: number,
  load?: () => Promise<never>,
  fields: Partial<ServedModel> = {},
): OfferedVersion {
  const name = String(number);
  const model = { name: 'small', version: name, graph: seededGraph(number), strategy: 'local', ...fields };
  return { version: name, fingerprint: 'a', load: load ?? (async () => model) };
}

/** Begins, and never ends: the process is killed in the middle. */
function endless(): { load: () => Promise<never>; begun: Promise<void> } {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const load = () => {
    begin();
    return new Promise<never>(() => undefined);
  };
  return { load, begun };
}

describe('a version that ended the master', () => {
  let directory: string;
  const clusters: TestCluster[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isobath-crash-'));
  });
  afterEach(async () => {
    for (const cluster of clusters.splice(0)) await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('is not tried again at the next start; the one before it serves, and a corrected one is tried', async () => {
    const { load, begun } = endless();
    const catalogue = new ListedCatalogue('small', version(1));
    const first = new TestCluster();
    await first.start([], 0, { directory, catalogues: [catalogue] });
    catalogue.offer('small', version(2, load), version(1));
    await begun;
    // killed: nothing of it is stopped
    const second = new TestCluster();
    clusters.push(second);
    let loads = 0;
    const again = async () => {
      loads += 1;
      return Promise.reject<never>(new Error('tried again'));
    };
    const same = new ListedCatalogue('small', version(2, again), version(1));
    const states = await statesOf(second, 'small');
    await second.start([], 0, { directory, catalogues: [same], noticeMs: 1 });
    const serving = await states.first(({ state }) => state === 'serving');
    expect(serving).toMatchObject({
      version: '1',
      refused: [
        {
          version: '2',
          error: {
            code: 'ISO_ERR_VERSION_CRASHED',
            cure: expect.stringContaining(join(directory, 'loading')),
          },
        },
      ],
    });
    expect(loads).toBe(0);
    same.offer('small', { ...version(2), fingerprint: 'corrected' }, version(1));
    await states.first(({ version }) => version === '2');
  });
});

describe('a program that ends agents', () => {
  const cluster = new TestCluster();
  const topics = new Topics(CLUSTER);
  afterEach(() => cluster.stop());

  it('is given to no more than three, and the other models go on', async () => {
    const catalogue = new ListedCatalogue('small', version(1));
    await cluster.start([], 0, { catalogues: [catalogue] });
    const bus = cluster.hub.bus();
    await bus.start();
    const lost = new Map<string, string>();
    // of each deployment, the first agent that is ordered to load its part is gone, and the others never answer
    const onControl = (topic: string, payload: Uint8Array) => {
      const address = parseTopic(CLUSTER, topic);
      const order = decodeMessage(CONTROL, topic, payload);
      if (address?.kind !== 'control' || order.type !== 'deploy' || lost.has(order.deployment)) return;
      lost.set(order.deployment, address.agent);
      void ghost(bus, topics, address.agent, 'offline');
    };
    await bus.subscribe(`isobath/v1/${CLUSTER}/agents/+/control`, onControl);
    for (const at of [0, 1, 2, 3, 4]) await ghost(bus, topics, `agent-${at}`);
    const refused = new Promise<string>((resolve) => {
      cluster.master.on('failed', ({ error }) => {
        if (error.code !== 'ISO_ERR_DEPLOY_FAILED') resolve(error.code);
      });
    });
    catalogue.offer('other', version(2, undefined, { name: 'other', strategy: 'depth' }));
    expect(await refused).toBe('ISO_ERR_VERSION_DEADLY');
    expect(new Set(lost.values()).size).toBe(3);
    await expect(cluster.master.infer('other', 'r0', smallInputs)).rejects.toMatchObject({
      code: 'ISO_ERR_MODEL_NOT_READY',
      message: expect.stringContaining('ISO_ERR_VERSION_DEADLY'),
    });
    const { outputs } = await cluster.master.infer('small', 'r1', smallInputs);
    expect(outputs.size).toBe(1);
    await bus.stop();
  });
});
