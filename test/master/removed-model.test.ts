import { afterEach, expect, it } from '@jest/globals';
import type { Catalogue, OfferedModel } from '../../src/master/catalogue.ts';
import { TestCluster } from '../support/cluster.ts';
import { smallModel } from '../support/small-model.ts';
import { until } from '../support/until.ts';

/** A catalogue that a test fills and empties. */
class OpenCatalogue implements Catalogue {
  models: readonly OfferedModel[] = [
    { name: 'small', versions: [{ version: '1', fingerprint: 'a', load: async () => smallModel }] },
  ];
  #listener: () => void = () => undefined;

  onChanged(listener: () => void): () => void {
    this.#listener = listener;
    return () => undefined;
  }

  empty(): void {
    this.models = [];
    this.#listener();
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}

const cluster = new TestCluster();
afterEach(() => cluster.stop());

it('takes back all that it retained of a model that is gone', async () => {
  const catalogue = new OpenCatalogue();
  const homeAssistant = { discovery: 'on' } as const;
  await cluster.start([], 0, { catalogues: [catalogue], homeAssistant, noticeMs: 1 });
  const bus = cluster.hub.bus();
  await bus.start();
  const retained = new Map<string, string>();
  await bus.subscribe('#', (topic, payload) => {
    retained.set(topic, Buffer.from(payload).toString());
  });
  const own = [
    'homeassistant/device/isobath_test_small/config',
    'isobath/v1/test/models/small/state',
    'isobath/v1/test/models/small/info',
  ];
  await until(() => own.every((topic) => retained.get(topic)));
  catalogue.empty();
  await until(() => own.every((topic) => retained.get(topic) === ''));
  await until(() => retained.get('isobath/v1/test/master/models') === '{"v":1,"models":[]}');
  const served = () => JSON.parse(retained.get('isobath/v1/test/master/status')!).models as string[];
  await until(() => served().length === 0);
  expect(cluster.master.models).toEqual([]);
  await bus.stop();
});
